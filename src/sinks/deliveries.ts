import type { NativeProducer } from '../addon.js';
import { deliveryCause } from '../kafka/delivery-cause.js';
import { withOutcomes, type Account } from '../pipeline/account.js';

/** The account of a sink that hands packets to a producer, with what became of them there. */
export function withDeliveries(
  account: Account,
  { delivered, deliveredBytes, failures }: ReturnType<NativeProducer['counters']>,
): Account {
  const out = { packets: delivered, bytes: deliveredBytes };
  return withOutcomes(
    { ...account, out },
    Object.entries(failures).map(([name, packets]) => ({
      ...{ cause: deliveryCause(name), packets, bytes: 0 },
    })),
  );
}
