import type { KnownCause } from './known-cause.js';

/** What a reader waits for in vain (native/kafka/standstill.cc). */
export const STANDSTILL_CAUSES: readonly KnownCause[] = [
  {
    says: /no broker coordinates it/,
    remedy:
      'the cluster must be able to keep offsets: see whether its topic __consumer_offsets has leaders, and offsets.topic.replication.factor is no more than there are brokers',
  },
  {
    says: /have not yet agreed to share/,
    remedy: 'one of them may have died: its session has to end first (session.timeout.ms)',
  },
  { says: /has no leader/, remedy: 'a broker that keeps the partition has to come back' },
  {
    says: /deleted while it was read/,
    remedy: 'create it and start again, or read another one (-t)',
  },
  { says: /created again while it was read/, remedy: 'start again to read the new one' },
  {
    says: /but its end was/,
    remedy:
      'messages were lost in Kafka, or the topic was created again: start again to read what there is',
  },
  {
    says: /its end is not reached/,
    remedy: 'see whether the broker that leads the partition runs and can be reached',
  },
];
