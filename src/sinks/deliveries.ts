import type { DeliveryCounters } from '../kafka/batch-producer.js';
import { withOutcomes, type Account } from '../pipeline/account.js';

/** The account of a sink that hands packets to a producer, with what became of them there. */
export function withDeliveries(
  account: Account,
  { delivered, deliveredBytes, failures }: DeliveryCounters,
): Account {
  const out = { packets: delivered, bytes: deliveredBytes };
  return withOutcomes(
    { ...account, out },
    failures.map(({ cause, packets }) => ({ cause, packets, bytes: 0 })),
  );
}
