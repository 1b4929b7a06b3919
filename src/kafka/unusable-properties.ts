interface Unusable {
  readonly name: string;
  /** The values that can't be; without it, all but the empty one. */
  readonly value?: RegExp;
  readonly why: string;
  readonly instead: string;
}

const TRUE = /^(?:true|t|1)$/i;
const LEAVE_OUT = 'leave it out';

/** What librdkafka takes, and kcap can't work with. */
const UNUSABLE: readonly Unusable[] = [
  {
    name: 'transactional.id',
    why: 'kcap sends without transactions, which librdkafka would wait for',
    instead: "leave it out: with enable.idempotence, kcap's default, no packet is stored twice",
  },
  {
    name: 'delivery.report.only.error',
    value: TRUE,
    why: 'kcap counts a packet as sent once its delivery is reported',
    instead: LEAVE_OUT,
  },
  {
    name: 'enable.auto.offset.store',
    value: TRUE,
    why: 'kcap stores offsets itself, once the packets are written: nothing is skipped after a crash',
    instead: LEAVE_OUT,
  },
  {
    name: 'offset.store.method',
    value: /^(?:none|file)$/i,
    why: 'kcap keeps the offsets of a group with the brokers',
    instead: LEAVE_OUT,
  },
  {
    name: 'log.queue',
    value: TRUE,
    why: "nobody would read that queue: librdkafka's messages would be lost",
    instead: 'leave it out; -ll chooses what is logged',
  },
  {
    name: 'enabled_events',
    why: 'kcap chooses the events that librdkafka tells it',
    instead: LEAVE_OUT,
  },
  {
    name: 'test.mock.num.brokers',
    why: "each of kcap's clients would have an in-memory cluster of its own",
    instead: "start one with 'kcap broker', and name it with -k",
  },
  {
    name: 'plugin.library.paths',
    why: "kcap loads no other libraries into its process, which may be root's",
    instead: LEAVE_OUT,
  },
];

/** Why a property can't have this value with kcap, and what to do instead; undefined where it can. */
export function whyUnusable(
  name: string,
  value: string,
): { readonly why: string; readonly instead: string } | undefined {
  return UNUSABLE.find(
    (unusable) =>
      unusable.name === name && (unusable.value ? unusable.value.test(value) : value !== ''),
  );
}
