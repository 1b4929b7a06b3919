import type { NativeRequestBounds } from '../addon/producer.js';
import type { Properties } from './properties.js';
import { producerProperties } from './settings.js';

/** A trip to the broker and back that is as long as filling a request takes, or longer, in ms. */
export const LONG_TRIP_MS = 5;
/** As large as requests over a long way become at most, where the topic takes them. */
const LARGE_REQUEST_BYTES = 8_000_000;
/** Kafka's default of max.message.bytes: a topic that takes more has been made for longer packets. */
const DEFAULT_LIMIT_BYTES = 1_048_588;
/** Bytes of a message that are not its packet's, at least. */
const LEAST_MESSAGE_BYTES = 64;

/** What is known about the topic and the way to it. */
export interface TopicFacts {
  /** max.message.bytes; undefined where it may not be seen. */
  readonly limitBytes: number | undefined;
  /** How long a question to the broker and its answer take, in ms. */
  readonly roundTripMs: number;
}

/**
 * The bounds that suit a topic. Kafka's limit is on a request's batch as it is sent, so that a request must not hold
 * more, and a single packet may. An idempotent producer has one request a partition under way: over a long way they
 * are as large as the topic takes.
 *
 * @param usual what the client's properties say
 * @param user what the user has set stays, unless the topic takes less
 */
export function requestBounds(
  usual: NativeRequestBounds,
  user: Properties,
  { limitBytes, roundTripMs }: TopicFacts,
): NativeRequestBounds {
  if (limitBytes === undefined) return usual;
  const isLong = roundTripMs >= LONG_TRIP_MS;
  const largest = isLong ? Math.max(LARGE_REQUEST_BYTES, usual.bytes) : usual.bytes;
  // A size that is set beside a compression was chosen for compressed requests.
  const isChosen = user.has('batch.size') && isCompressed(user);
  const bytes = user.has('batch.size') ? usual.bytes : largest;
  const messages = Math.max(usual.messages, Math.ceil(largest / LEAST_MESSAGE_BYTES));
  // Other bounds take another client, and half a second until it may send.
  const takesLong = limitBytes > DEFAULT_LIMIT_BYTES && !user.has('message.max.bytes');
  return {
    bytes: isChosen ? bytes : Math.min(bytes, limitBytes),
    messageBytes: takesLong ? Math.max(usual.messageBytes, limitBytes) : usual.messageBytes,
    messages: isLong && !user.has('batch.num.messages') ? messages : usual.messages,
  };
}

/** Of a packed message's record and its batch, beside the value and the headers of every message. */
const PACK_OVERHEAD_BYTES = 512;

/** How packets are packed. */
export interface Packing {
  /** Of a message's value. */
  readonly bytes: number;
  /** Whether these bytes are a default, which a long way may exceed. */
  readonly mayGrow: boolean;
  /** How long the first packet of a message waits for others. */
  readonly ageMs: number;
}

/**
 * The same for packed messages, and how long their values may be: no longer than the topic and the client take.
 *
 * Of an idempotent producer, librdkafka has five messages a partition under way, however many a request holds. Over a
 * long way packs therefore become as long as the topic takes, and each is a request of its own: as many bytes as five
 * requests hold are under way then. A pack still waits no longer than its age for more packets.
 *
 * @param bounds what requestBounds() says
 * @param packs packs that are filled at the same time: one, or one a partition
 * @param headerBytes names and values of the headers that every message carries
 */
export function packedBounds(
  bounds: NativeRequestBounds,
  user: Properties,
  { limitBytes, roundTripMs }: TopicFacts,
  { packing, packs, headerBytes }: { packing: Packing; packs: number; headerBytes: number },
): NativeRequestBounds & { readonly packBytes: number } {
  const { messageBytes } = bounds;
  const most = Math.min(messageBytes, limitBytes ?? Infinity) - PACK_OVERHEAD_BYTES - headerBytes;
  const packBytesOf = (asked: number) => Math.max(1, Math.min(asked, most));
  const usual = { ...bounds, packBytes: packBytesOf(packing.bytes) };
  // Where the topic does not say what it takes, long packs may be refused.
  if (!packing.mayGrow || limitBytes === undefined || roundTripMs < LONG_TRIP_MS) return usual;
  const packBytes = packBytesOf(
    Math.max(packing.bytes, Math.floor(LARGE_REQUEST_BYTES / Math.max(1, packs))),
  );
  // What fills half of it is sent at once, and alone.
  const bytes = user.has('batch.size') ? bounds.bytes : Math.ceil(packBytes / 2);
  return { ...bounds, bytes: Math.min(bounds.bytes, bytes), packBytes };
}

/** Why little may get through to the brokers, and what helps; undefined where nothing is known. */
export function slownessOf(
  user: Properties,
  roundTripMs: number,
  isPacked: boolean,
): string | undefined {
  const isIdempotent = producerProperties(user).get('enable.idempotence') === 'true';
  if (roundTripMs < LONG_TRIP_MS || !isIdempotent) return undefined;
  const underWay = isPacked ? 'five packed messages' : 'one request';
  const packed = isPacked ? '' : '--pack, ';
  return (
    `the brokers are ${Math.round(roundTripMs)} ms away, and each partition has ${underWay} under way: ` +
    `${packed}more partitions, a larger max.message.bytes of the topic or -X enable.idempotence=false ` +
    '(order and single delivery are not certain then) let more through'
  );
}

function isCompressed(user: Properties): boolean {
  const codec = user.get('compression.type') ?? user.get('compression.codec') ?? 'none';
  return codec !== 'none';
}
