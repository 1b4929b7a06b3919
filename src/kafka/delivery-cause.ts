import type { NativeFailure } from '../addon/producer.js';
import type { Cause } from '../errors/cause.js';

/** Messages that were not delivered, for one cause. */
export interface DeliveryFailure {
  readonly cause: Cause;
  readonly packets: number;
  /** Kafka's timestamp of the last one that failed for its own sake, in ms since 1970. */
  readonly timeMs?: number;
}

/** Larger than the client's message.max.bytes. */
export const LARGER_THAN_CLIENT_TAKES = 'larger-than-client-takes';
/** Larger than max.message.bytes of the topic. */
export const LARGER_THAN_TOPIC_TAKES = 'larger-than-topic-takes';
/** The broker's validation, which of a packet only looks at the time, has refused it. */
export const TIME_REFUSED = 'time-refused';
/** Given up at the drain timeout. */
export const NOT_DELIVERED_IN_TIME = 'not-delivered-in-time';

/** Words for the causes that librdkafka has no name for. */
const TEXTS: Readonly<Record<string, string>> = {
  [LARGER_THAN_CLIENT_TAKES]: 'larger than message.max.bytes allows',
  [LARGER_THAN_TOPIC_TAKES]: 'larger than the topic takes (max.message.bytes)',
  [TIME_REFUSED]: 'time (or content) refused by the broker',
  [NOT_DELIVERED_IN_TIME]: 'not delivered before the drain timeout',
};

/**
 * What the addon has counted, with words for people.
 *
 * @param trouble what was wrong with the connection when packets were given up
 */
export function deliveryFailures(
  failures: Readonly<Record<string, NativeFailure>>,
  trouble?: string,
): DeliveryFailure[] {
  return Object.entries(failures).map(([id, { text, ...count }]) => {
    const words = TEXTS[id] ?? text;
    const isGivenUp = id === NOT_DELIVERED_IN_TIME && trouble !== undefined;
    return { cause: deliveryCause(id, isGivenUp ? `${words}: ${trouble}` : words), ...count };
  });
}

/** The failures of several producers, one after the other; equal causes add up. */
export function addedFailures(
  before: readonly DeliveryFailure[],
  now: readonly DeliveryFailure[],
): DeliveryFailure[] {
  const sum = new Map(before.map((failure) => [failure.cause.id, failure]));
  for (const failure of now) {
    const packets = (sum.get(failure.cause.id)?.packets ?? 0) + failure.packets;
    sum.set(failure.cause.id, { ...failure, packets });
  }
  return [...sum.values()];
}

function deliveryCause(id: string, text: string): Cause {
  return { id, fate: 'failed', loss: true, text };
}
