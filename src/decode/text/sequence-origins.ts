import { uint16, uint32 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';

const KEY_WORDS = 9;
const SYN = 0x02;
const ACK = 0x10;

/**
 * Where the sequence numbers of TCP streams begin, so that they can be printed relative to it, as tcpdump does: from the
 * first packet with an acknowledgment on. Of so many streams at most; of more, the oldest is forgotten.
 */
export class SequenceOrigins {
  readonly #limit: number;
  readonly #keys: Uint32Array;
  readonly #sequences: Uint32Array;
  readonly #acknowledgments: Uint32Array;
  /** Streams of one bucket are chained: the next one's number plus 1, or 0. */
  readonly #nextOf: Uint32Array;
  readonly #bucketOf: Uint32Array;
  readonly #buckets: Uint32Array;
  readonly #key = new Uint32Array(KEY_WORDS);
  /** Streams ever added: the place of the next one is this modulo the limit. */
  #added = 0;

  /** What the last call of `relate` found: what to take off the packet's numbers. */
  sequenceOrigin = 0;
  acknowledgmentOrigin = 0;
  /** The same for the blocks of a selective acknowledgment, also of the first packet of a stream. */
  selectiveOrigin = 0;

  /** @param limit of streams: a power of two */
  constructor(limit: number) {
    this.#limit = limit;
    this.#keys = new Uint32Array(limit * KEY_WORDS);
    this.#sequences = new Uint32Array(limit);
    this.#acknowledgments = new Uint32Array(limit);
    this.#nextOf = new Uint32Array(limit);
    this.#bucketOf = new Uint32Array(limit);
    this.#buckets = new Uint32Array(limit * 2);
  }

  /** Looks up the stream of a TCP segment, or notes it; then the origins above are those of this segment's direction. */
  relate(cursor: PacketCursor): void {
    this.sequenceOrigin = 0;
    this.acknowledgmentOrigin = 0;
    this.selectiveOrigin = 0;
    if ((cursor.tcpFlags & ACK) === 0) return;
    const isReverse = this.#readKey(cursor);
    const bucket = this.#hash() & (this.#buckets.length - 1);
    const found = this.#find(bucket);
    if (found === -1 || (cursor.tcpFlags & SYN) !== 0) {
      const at = found === -1 ? this.#add(bucket) : found;
      const { sequence, acknowledgment } = cursor;
      this.#sequences[at] = isReverse ? acknowledgment - 1 : sequence;
      this.#acknowledgments[at] = isReverse ? sequence : acknowledgment - 1;
      this.selectiveOrigin = acknowledgment - 1;
      return;
    }
    const sequence = this.#sequences[found] ?? 0;
    const acknowledgment = this.#acknowledgments[found] ?? 0;
    this.sequenceOrigin = isReverse ? acknowledgment : sequence;
    this.acknowledgmentOrigin = isReverse ? sequence : acknowledgment;
    this.selectiveOrigin = this.acknowledgmentOrigin;
  }

  /** One key for both directions: the end with the lower port first. Whether this packet goes the other way. */
  #readKey(cursor: PacketCursor): boolean {
    const { bytes, sourceAt, destinationAt, sourcePort, destinationPort } = cursor;
    const addressBytes = cursor.ipVersion === 4 ? 4 : 16;
    let isReverse = sourcePort > destinationPort;
    if (sourcePort === destinationPort)
      isReverse = isGreater(bytes, sourceAt, destinationAt, addressBytes);
    const lowAt = isReverse ? destinationAt : sourceAt;
    const highAt = isReverse ? sourceAt : destinationAt;
    const key = this.#key;
    if (addressBytes === 4) {
      key.fill(0);
      key[0] = uint32(bytes, lowAt);
      key[1] = uint32(bytes, highAt);
    } else {
      for (let i = 0; i < 4; i++) {
        key[i] = uint32(bytes, lowAt + 4 * i);
        key[4 + i] = uint32(bytes, highAt + 4 * i);
      }
    }
    key[8] = isReverse
      ? (destinationPort << 16) | sourcePort
      : (sourcePort << 16) | destinationPort;
    return isReverse;
  }

  #hash(): number {
    let hash = 0;
    for (let i = 0; i < KEY_WORDS; i++) {
      hash = Math.imul(hash ^ (this.#key[i] ?? 0), 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #find(bucket: number): number {
    for (let next = this.#buckets[bucket] ?? 0; next !== 0; next = this.#nextOf[next - 1] ?? 0)
      if (this.#hasKey(next - 1)) return next - 1;
    return -1;
  }

  #hasKey(stream: number): boolean {
    const first = stream * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) if (this.#keys[first + i] !== this.#key[i]) return false;
    return true;
  }

  #add(bucket: number): number {
    const stream = this.#added % this.#limit;
    if (this.#added >= this.#limit) this.#forget(stream);
    this.#added++;
    this.#keys.set(this.#key, stream * KEY_WORDS);
    this.#bucketOf[stream] = bucket;
    this.#nextOf[stream] = this.#buckets[bucket] ?? 0;
    this.#buckets[bucket] = stream + 1;
    return stream;
  }

  #forget(stream: number): void {
    const bucket = this.#bucketOf[stream] ?? 0;
    const after = this.#nextOf[stream] ?? 0;
    let next = this.#buckets[bucket] ?? 0;
    if (next === stream + 1) {
      this.#buckets[bucket] = after;
      return;
    }
    while (this.#nextOf[next - 1] !== stream + 1) next = this.#nextOf[next - 1] ?? 0;
    this.#nextOf[next - 1] = after;
  }
}

function isGreater(bytes: Buffer, at: number, than: number, length: number): boolean {
  for (let i = 0; i < length; i += 2) {
    const difference = uint16(bytes, at + i) - uint16(bytes, than + i);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
