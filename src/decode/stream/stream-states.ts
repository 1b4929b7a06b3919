import type { PacketCursor } from '../cursor.js';
import { ADDRESS_WORDS, writeAddresses } from '../memory/address-key.js';
import { KeyTable } from '../memory/key-table.js';
import type { StreamEnds } from './stream-ends.js';

/** Words of a key. */
const KIND = 0;
const PORTS = 1;
const ADDRESSES = 2;
/** 32-bit numbers that say between whom a stream flows. */
export const STREAM_KEY_WORDS = ADDRESSES + ADDRESS_WORDS;

export const SEQUENCES = 2 ** 32;

/**
 * What is known of each stream: between whom it flows, who reads it, and how far it has come. A stream that has ended has no
 * splitter, and is kept only to know its segments again. They are in the order in which they were heard of last.
 */
export class StreamStates<S> {
  readonly #table: KeyTable;
  readonly #splitters: (S | undefined)[];
  readonly #firstSequence: Int32Array;
  /** Sequence number of the byte that comes next. */
  readonly #place: Int32Array;
  /** Where the FIN says that it ends, if one has come. */
  readonly #endSequence: Int32Array;
  readonly #hasEnd: Uint8Array;

  /** @param streams most of them */
  constructor(streams: number) {
    this.#table = new KeyTable(streams, STREAM_KEY_WORDS);
    this.#splitters = Array.from({ length: streams }, () => undefined);
    this.#firstSequence = new Int32Array(streams);
    this.#place = new Int32Array(streams);
    this.#endSequence = new Int32Array(streams);
    this.#hasEnd = new Uint8Array(streams);
  }

  /** Those that have ended and are still known included. */
  get size(): number {
    return this.#table.size;
  }

  get isFull(): boolean {
    return this.#table.isFull;
  }

  /** The one that has been quiet for longest; -1 where there is none. */
  get oldest(): number {
    return this.#table.order.oldest;
  }

  /** What `find` and `begin` mean. */
  get key(): Int32Array {
    return this.#table.key;
  }

  /** Means the stream of the cursor's segment. */
  writeKey(cursor: PacketCursor): void {
    const { key } = this.#table;
    key[KIND] = (cursor.tunnels << 8) | cursor.ipVersion;
    key[PORTS] = (cursor.sourcePort << 16) | cursor.destinationPort;
    writeAddresses(key, ADDRESSES, cursor);
  }

  /** The stream of the key; -1 where it is not known. */
  find(): number {
    return this.#table.find();
  }

  /** Begins a stream of the key, which is not known, while there is room. */
  begin(firstSequence: number, splitter: S): number {
    const stream = this.#table.take();
    this.#splitters[stream] = splitter;
    this.#firstSequence[stream] = this.#place[stream] = firstSequence;
    this.#hasEnd[stream] = 0;
    return stream;
  }

  /** Its splitter; undefined where it has ended. */
  splitter(stream: number): S | undefined {
    return this.#splitters[stream];
  }

  /** Lets its splitter go. */
  end(stream: number): void {
    this.#splitters[stream] = undefined;
  }

  forget(stream: number): void {
    this.#table.release(stream);
  }

  /** Something was heard of it. */
  touch(stream: number): void {
    this.#table.order.append(stream);
  }

  beganWith(stream: number, firstSequence: number): boolean {
    return this.#firstSequence[stream] === firstSequence;
  }

  place(stream: number): number {
    return this.#place[stream] ?? 0;
  }

  moveTo(stream: number, sequence: number): void {
    this.#place[stream] = sequence;
  }

  /** How many bytes after the stream's place: less than SEQUENCES. What lies before has gone round. */
  distance(stream: number, sequence: number): number {
    return (sequence - this.place(stream)) >>> 0;
  }

  /** A FIN has said where it ends. */
  setEnd(stream: number, sequence: number): void {
    this.#hasEnd[stream] = 1;
    this.#endSequence[stream] = sequence;
  }

  isAtEnd(stream: number): boolean {
    return this.#hasEnd[stream] === 1 && this.#endSequence[stream] === this.#place[stream];
  }

  readEnds(stream: number, ends: StreamEnds): void {
    const table = this.#table;
    const ports = table.word(stream, PORTS);
    ends.ipVersion = (table.word(stream, KIND) & 0xff) === 4 ? 4 : 6;
    ends.sourcePort = ports >>> 16;
    ends.destinationPort = ports & 0xffff;
    for (let word = 0; word < ADDRESS_WORDS; word++)
      ends.addresses.writeInt32BE(table.word(stream, ADDRESSES + word), 4 * word);
  }
}
