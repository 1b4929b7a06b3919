import { hostname } from 'node:os';
import { renewalProperties } from './kerberos-login.js';
import type { Properties } from './properties.js';

/**
 * librdkafka's defaults suit messages that are few and large; packets are many and small. What the user gives with
 * -X wins over all of these.
 */
const BOTH: Properties = new Map([
  ['client.id', 'kcap'],
  // After an outage the first packet goes out at once, not when a backoff of up to 10 s is over.
  ['reconnect.backoff.max.ms', '500'],
]);

const PRODUCER: Properties = new Map([
  ...BOTH,
  // Order kept and nothing twice, also over retries.
  ['enable.idempotence', 'true'],
  // Ten seconds of 50,000 packets/s while a broker is away, in less than 350 MB of memory; beyond that the kernel's
  // ring fills, and counts.
  ['queue.buffering.max.messages', '550000'],
  ['queue.buffering.max.kbytes', String(128 * 1024)],
  // The addon sends what waits long before that (PUSH_INTERVAL_MS).
  ['linger.ms', '60000'],
]);

/** What waits in a spool need not wait in memory, nor be given up. */
const SPOOLING_PRODUCER: Properties = new Map([
  ['queue.buffering.max.messages', '100000'],
  ['queue.buffering.max.kbytes', String(48 * 1024)],
  ['message.timeout.ms', '0'],
]);

/**
 * Reports are larger than most packets, with many headers; their producers let more wait, or drop it. Most of each is
 * what others have as well, so that a request of lz4 holds a fraction of the bytes, and the broker is done with it sooner:
 * one request of a partition is under way at a time.
 */
const REPORTING_PRODUCER: Properties = new Map([
  ['queue.buffering.max.messages', '100000'],
  ['queue.buffering.max.kbytes', String(32 * 1024)],
  ['compression.codec', 'lz4'],
]);

/** librdkafka sends values from where they lie that are longer than this; it would copy those of the usual packs. */
const PACKING_PRODUCER: Properties = new Map([['message.copy.max.bytes', '4096']]);

/** How long a packet of a slow stream waits at most for others to share its request. */
const PUSH_INTERVAL_MS = 50;
/** A request as large as librdkafka makes them (batch.size). */
const FULL_REQUEST_BYTES = 1_000_000;

/** Message bytes that may wait in the consumer, over all partitions. */
const CONSUMER_QUEUE_KBYTES = 64 * 1024;
/**
 * As few messages, over all partitions, as keep the next request in time: they are read while the processor's cache
 * still has them.
 */
const CONSUMER_QUEUE_MESSAGES = 5_000;
/** What one request asks of each partition, unless there are so many that this would exceed CONSUMER_QUEUE_KBYTES. */
const FETCH_KBYTES = 1024;

/**
 * A broker is asked for one thing at a time. Where the only partition with room in its queue has nothing more, the
 * others wait for that answer: half a second by librdkafka's default.
 */
const OF_SEVERAL_PARTITIONS: Properties = new Map([['fetch.wait.max.ms', '100']]);

const CONSUMER: Properties = new Map([
  ...BOTH,
  // Also where retention has deleted what would have come next: never silently skip to the end.
  ['auto.offset.reset', 'earliest'],
  // Once the queue is full, how long until it is looked again; librdkafka's second would be felt.
  ['fetch.queue.backoff.ms', '2'],
  // A group reads partitions that were added as soon as that.
  ['topic.metadata.refresh.interval.ms', '5000'],
]);

/** What kcap's own contract needs; -X does not change it. */
const CONSUMER_FIXED: Properties = new Map([['enable.auto.offset.store', 'false']]);

/** An idempotent producer would refuse to start with these, so setting one means that it is not to be idempotent. */
const NOT_IDEMPOTENT: readonly (readonly [name: string, value: RegExp])[] = [
  ['acks', /^(?!all$|-1$)/],
  ['request.required.acks', /^(?!all$|-1$)/],
  ['retries', /^0$/],
  ['message.send.max.retries', /^0$/],
  ['max.in.flight', /^([6-9]|\d{2,})$/],
  ['max.in.flight.requests.per.connection', /^([6-9]|\d{2,})$/],
  ['queuing.strategy', /^lifo$/],
];

/** In time for a start to say that what listens there does not answer as a broker does. */
const CONTROL: Properties = new Map([...BOTH, ['api.version.request.timeout.ms', '5000']]);

/** Defaults of ours that librdkafka would refuse beside what the user has set: these give way. */
function givingWay(properties: Map<string, string>, user: Properties): Map<string, string> {
  const backoff = 'reconnect.backoff.max.ms';
  const leastMs = Number(user.get('reconnect.backoff.ms'));
  if (!user.has(backoff) && leastMs > Number(properties.get(backoff)))
    properties.set(backoff, String(leastMs));
  const timeoutMs = Number(user.get('delivery.timeout.ms') ?? user.get('message.timeout.ms'));
  const lingers = user.has('linger.ms') || user.has('queue.buffering.max.ms');
  if (!lingers && timeoutMs > 0 && timeoutMs <= Number(properties.get('linger.ms')))
    properties.set('linger.ms', String(timeoutMs / 2));
  return properties;
}

/** For a client that only asks about the cluster. */
export function controlProperties(user: Properties): Properties {
  const renewal = renewalProperties(user);
  // It is gone before the ticket that was taken for it.
  const once = renewal.size > 0 ? [['sasl.kerberos.min.time.before.relogin', '0'] as const] : [];
  return givingWay(new Map([...CONTROL, ...user, ...once]), user);
}

/**
 * @param how.spools whether what can't be sent has a place on disk
 * @param how.packs whether messages hold many packets
 * @param how.reports whether messages are reports of what packets hold
 */
export function producerProperties(
  user: Properties,
  {
    spools = false,
    packs = false,
    reports = false,
  }: { readonly spools?: boolean; readonly packs?: boolean; readonly reports?: boolean } = {},
): Properties {
  const properties = new Map([
    ...PRODUCER,
    ...(spools ? SPOOLING_PRODUCER : []),
    ...(packs ? PACKING_PRODUCER : []),
    ...(reports ? REPORTING_PRODUCER : []),
    ...renewalProperties(user),
    ...user,
  ]);
  if (user.has('delivery.timeout.ms')) properties.delete('message.timeout.ms');
  const refuses = NOT_IDEMPOTENT.some(
    ([name, value]) => user.has(name) && value.test(user.get(name) ?? ''),
  );
  if (refuses && !user.has('enable.idempotence')) properties.set('enable.idempotence', 'false');
  return givingWay(properties, user);
}

/** When waiting messages are sent: see native/kafka/push_timer.h. Not at all by us where the user gave a time for librdkafka. */
export function pushSettings(
  user: Properties,
  partitions: number,
): { pushIntervalMs: number; fullBytes: number } {
  const lingers = user.has('linger.ms') || user.has('queue.buffering.max.ms');
  return {
    pushIntervalMs: lingers ? 0 : PUSH_INTERVAL_MS,
    fullBytes: FULL_REQUEST_BYTES * partitions,
  };
}

/**
 * `group` undefined: the consumer says who it is, joins no group and commits nothing. `tellsEnds`: it is to be told
 * where partitions end.
 */
export function consumerProperties(
  user: Properties,
  options: { group: string | undefined; partitions: number; tellsEnds: boolean },
): Properties {
  const share = (total: number, least: number) =>
    String(Math.max(least, Math.floor(total / options.partitions)));
  // A partition that has room in its queue is asked for more, so both count.
  const fetchShare = Math.max(1, Math.floor(CONSUMER_QUEUE_KBYTES / options.partitions));
  const properties = new Map([
    ...CONSUMER,
    ...(options.partitions > 1 ? OF_SEVERAL_PARTITIONS : []),
    ['queued.max.messages.kbytes', share(CONSUMER_QUEUE_KBYTES, 1)],
    ['fetch.message.max.bytes', String(Math.min(FETCH_KBYTES, fetchShare) * 1024)],
    ['queued.min.messages', share(CONSUMER_QUEUE_MESSAGES, 1000)],
    ...renewalProperties(user),
    ...user,
    ...CONSUMER_FIXED,
    // Brokers show the ids of groups: one that was not named says where it comes from.
    ['group.id', options.group ?? `kcap-${hostname()}-${process.pid}`],
    ...(options.group === undefined ? [['enable.auto.commit', 'false'] as const] : []),
    ...(options.tellsEnds ? [['enable.partition.eof', 'true'] as const] : []),
  ]);
  return givingWay(properties, user);
}
