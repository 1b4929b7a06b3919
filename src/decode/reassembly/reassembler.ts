import { uint8 } from '../../protocols/network-order.js';
import { expectedChecksum } from '../checksum.js';
import type { PacketCursor } from '../cursor.js';
import { Layer } from '../layer.js';
import { ADDRESS_WORDS, writeAddresses } from '../memory/address-key.js';
import { KeyTable } from '../memory/key-table.js';
import { IPV4_BYTES } from '../network/ipv4.js';
import { FRAGMENT_BYTES, IPV6_BYTES } from '../network/ipv6.js';
import { Assemblies, MOST_DATAGRAM_BYTES, Placing } from './assemblies.js';

const NONE = -1;

/**
 * How long after a datagram's end its fragments are known to be copies, such as those of a second interface that sees the
 * same packets: longer than these take, and shorter than identifications take to come round again.
 */
const COPIES_MICROSECONDS = 100_000;

/** In place of the number of an assembly: the datagram was whole, or has been discarded. */
const WHOLE = -1;
const DISCARDED = -2;

/** Words of a key. */
const KIND = 0;
const IDENTIFICATION = 1;
const ADDRESSES = 2;

export interface ReassemblyLimits {
  /** Most datagrams at once. */
  readonly datagrams: number;
  /** Memory for the bytes of all of them. */
  readonly bytes: number;
  /** Most fragments that wait for others of their datagrams. */
  readonly fragments: number;
  /** How long the first and the last fragment of a datagram may be apart, in ms of the packets' time. */
  readonly lifeMs: number;
}

const LIMITS: ReassemblyLimits = {
  ...{ datagrams: 4096, bytes: 16 * 1024 * 1024 },
  ...{ fragments: Infinity, lifeMs: 30_000 },
};

/**
 * Puts IP datagrams together from their fragments (RFC 791, RFC 8200), also within tunnels. Memory is bounded and taken at
 * the beginning; where it does not suffice the oldest datagram gives way. Where fragments overlap, the first data win in
 * IPv4, and IPv6 discards the datagram (RFC 5722). Only packets' times count, never the clock.
 *
 *     fragmentsIn = datagrams + fragmentsMerged + fragmentsDropped + fragmentsHeld
 */
export class Reassembler {
  fragmentsIn = 0;
  /** That were put together. */
  datagrams = 0;
  /** N - 1 for each datagram of N fragments. */
  fragmentsMerged = 0;
  /** Fragments that have come to nothing; the causes are below. */
  fragmentsDropped = 0;
  /** Fragments of datagrams that are not whole yet. */
  fragmentsHeld = 0;

  /** Datagrams that were not whole in time, or when the packets ended. */
  reassemblyTimeouts = 0;
  /** Datagrams that gave way to others. */
  evicted = 0;
  /** Fragments that had something in common with another of their datagram, but were not the same. */
  overlapping = 0;
  /** Fragments that were there already. */
  duplicates = 0;
  /** Fragments that contradict IP, or what their datagram is known to be. */
  malformed = 0;
  /** Fragments that were not captured to their end. */
  cut = 0;

  readonly #mostFragments: number;
  readonly #lifeMicroseconds: number;
  readonly #table: KeyTable;
  readonly #assemblies: Assemblies;
  /** By slot: when it began, in microseconds; its assembly; how many fragments that holds; what IPv6 carries. */
  readonly #begun: Float64Array;
  readonly #assembly: Int32Array;
  readonly #fragments: Int32Array;
  readonly #protocol: Uint8Array;
  /** The last datagram that was put together, behind an IP header. */
  readonly #whole = Buffer.alloc(IPV6_BYTES + MOST_DATAGRAM_BYTES);

  constructor(limits: Partial<ReassemblyLimits> = {}) {
    const { datagrams, bytes, fragments, lifeMs } = { ...LIMITS, ...limits };
    this.#mostFragments = fragments;
    this.#lifeMicroseconds = lifeMs * 1000;
    this.#table = new KeyTable(datagrams, ADDRESSES + ADDRESS_WORDS);
    this.#assemblies = new Assemblies(datagrams, bytes);
    this.#begun = new Float64Array(datagrams);
    this.#assembly = new Int32Array(datagrams);
    this.#fragments = new Int32Array(datagrams);
    this.#protocol = new Uint8Array(datagrams);
  }

  /**
   * Takes the fragment that the cursor is at. True where it completes its datagram: then the cursor is at the datagram's
   * IP header, as if it had come in one packet, and its bytes are valid until the next fragment is added.
   */
  add(cursor: PacketCursor): boolean {
    this.fragmentsIn++;
    if (!this.#isUsable(cursor)) {
      this.fragmentsDropped++;
      return false;
    }
    const slot = this.#slotFor(cursor);
    const assembly = this.#assembly[slot] ?? WHOLE;
    if (assembly < 0) {
      if (assembly === WHOLE) this.duplicates++;
      this.fragmentsDropped++;
      return false;
    }
    if (!this.#place(cursor, slot, assembly) || !this.#assemblies.isComplete(assembly))
      return false;
    this.#complete(cursor, slot, assembly);
    return true;
  }

  /**
   * Gives up datagrams that began too long before a time, so that they are counted without waiting for others of
   * their kind. Called now and then, where packets come in the order of their times.
   *
   * @param microseconds since 1970
   */
  expire(microseconds: number): void {
    const { order } = this.#table;
    for (let slot = order.oldest; slot !== NONE && this.#isOver(slot, microseconds);) {
      this.#giveUp(slot);
      slot = order.oldest;
    }
  }

  /** No more packets will come. */
  finish(): void {
    const { order } = this.#table;
    while (order.oldest !== NONE) this.#giveUp(order.oldest);
  }

  #isUsable(cursor: PacketCursor): boolean {
    const { fragmentAt, fragmentOffset, end } = cursor;
    const length = end - fragmentAt;
    const headerBytes = cursor.ipVersion === 4 ? IPV4_BYTES : 0;
    if (end < cursor.wireEnd) {
      this.cut++;
      return false;
    }
    if (
      length <= 0 ||
      (cursor.hasMoreFragments && length % 8 !== 0) ||
      headerBytes + fragmentOffset + length > MOST_DATAGRAM_BYTES
    ) {
      this.malformed++;
      return false;
    }
    return true;
  }

  /** Of the fragment's datagram, which may begin with it. */
  #slotFor(cursor: PacketCursor): number {
    const table = this.#table;
    const { key } = table;
    const isIpv4 = cursor.ipVersion === 4;
    // In IPv6 the first fragment alone says what the datagram carries (RFC 8200, section 4.5).
    const protocol = isIpv4 ? cursor.protocol : 0;
    key[KIND] = (cursor.tunnels << 16) | (cursor.ipVersion << 8) | protocol;
    key[IDENTIFICATION] = cursor.fragmentId;
    writeAddresses(key, ADDRESSES, cursor);

    const now = cursor.microseconds;
    const known = table.find();
    if (known !== NONE) {
      if (!this.#isOver(known, now)) return known;
      this.#giveUp(known);
    } else if (table.isFull) this.#evict(table.order.oldest);
    const slot = table.take();
    this.#begun[slot] = now;
    this.#assembly[slot] = this.#assemblies.take();
    this.#fragments[slot] = 0;
    return slot;
  }

  /** False where the fragment has no part in its datagram. */
  #place(cursor: PacketCursor, slot: number, assembly: number): boolean {
    const { bytes, fragmentAt, fragmentOffset, end } = cursor;
    const assemblies = this.#assemblies;
    const pieceEnd = fragmentOffset + end - fragmentAt;
    const isLast = !cursor.hasMoreFragments;
    if (!assemblies.fits(assembly, pieceEnd, isLast)) {
      this.malformed++;
      this.fragmentsDropped++;
      return false;
    }
    this.#makeRoom(slot, assembly, fragmentOffset, pieceEnd);
    switch (assemblies.place(assembly, fragmentOffset, isLast, bytes, fragmentAt, end)) {
      case Placing.New:
        break;
      case Placing.Duplicate:
        this.duplicates++;
        this.fragmentsDropped++;
        return false;
      case Placing.Overlap:
        this.overlapping++;
        if (cursor.ipVersion === 6) {
          this.fragmentsDropped++;
          this.#leave(slot, DISCARDED);
          return false;
        }
        assemblies.fillGaps(assembly, fragmentOffset, isLast, bytes, fragmentAt, end);
    }
    this.fragmentsHeld++;
    this.#fragments[slot] = (this.#fragments[slot] ?? 0) + 1;
    if (cursor.ipVersion === 6 && fragmentOffset === 0)
      this.#protocol[slot] = uint8(bytes, fragmentAt - FRAGMENT_BYTES);
    return true;
  }

  #makeRoom(slot: number, assembly: number, offset: number, end: number): void {
    while (!this.#assemblies.makeRoom(assembly, offset, end)) this.#evict(this.#oldestBut(slot));
    while (this.fragmentsHeld >= this.#mostFragments) {
      const oldest = this.#oldestBut(slot);
      // One datagram may hold all of them.
      if (oldest === NONE) return;
      this.#evict(oldest);
    }
  }

  #oldestBut(slot: number): number {
    const { order } = this.#table;
    return order.oldest === slot ? order.newerThan(slot) : order.oldest;
  }

  #complete(cursor: PacketCursor, slot: number, assembly: number): void {
    const whole = this.#whole;
    const isIpv4 = cursor.ipVersion === 4;
    const headerBytes = isIpv4 ? IPV4_BYTES : IPV6_BYTES;
    const end = headerBytes + this.#assemblies.lengthOf(assembly);
    this.#assemblies.copyTo(assembly, whole, headerBytes);
    if (isIpv4) this.#writeIpv4(slot, end);
    else this.#writeIpv6(slot, end);
    cursor.continueIn(whole, isIpv4 ? Layer.Ipv4 : Layer.Ipv6, 0, end);

    const fragments = this.#fragments[slot] ?? 0;
    this.datagrams++;
    this.fragmentsMerged += fragments - 1;
    this.fragmentsHeld -= fragments;
    this.#fragments[slot] = 0;
    this.#begun[slot] = cursor.microseconds;
    this.#leave(slot, WHOLE);
  }

  #writeIpv4(slot: number, end: number): void {
    const whole = this.#whole;
    const table = this.#table;
    const checksumAt = 10;
    whole.fill(0, 0, IPV4_BYTES);
    whole[0] = 0x45;
    writeUint16(whole, 2, end);
    writeUint16(whole, 4, table.word(slot, IDENTIFICATION));
    whole[8] = 64;
    whole[9] = table.word(slot, KIND) & 0xff;
    for (let word = 0; word < 2; word++)
      writeUint32(whole, 12 + 4 * word, table.word(slot, ADDRESSES + word));
    writeUint16(whole, checksumAt, expectedChecksum(whole, 0, IPV4_BYTES, checksumAt));
  }

  #writeIpv6(slot: number, end: number): void {
    const whole = this.#whole;
    writeUint32(whole, 0, 0x6000_0000);
    writeUint16(whole, 4, end - IPV6_BYTES);
    whole[6] = this.#protocol[slot] ?? 0;
    whole[7] = 64;
    for (let word = 0; word < ADDRESS_WORDS; word++)
      writeUint32(whole, 8 + 4 * word, this.#table.word(slot, ADDRESSES + word));
  }

  /** Whether a fragment of that time can't be of the slot's datagram. */
  #isOver(slot: number, microseconds: number): boolean {
    const life = this.#assembly[slot] === WHOLE ? COPIES_MICROSECONDS : this.#lifeMicroseconds;
    // Time may also have gone backwards, as from one file to the next.
    return Math.abs(microseconds - (this.#begun[slot] ?? 0)) > life;
  }

  #evict(slot: number): void {
    if ((this.#assembly[slot] ?? WHOLE) >= 0) this.evicted++;
    this.#forget(slot);
  }

  #giveUp(slot: number): void {
    if ((this.#assembly[slot] ?? WHOLE) >= 0) this.reassemblyTimeouts++;
    this.#forget(slot);
  }

  #forget(slot: number): void {
    this.#leave(slot, WHOLE);
    this.#table.release(slot);
  }

  /** Gives back what a datagram holds; only that it was there is known from now on. */
  #leave(slot: number, as: typeof WHOLE | typeof DISCARDED): void {
    const assembly = this.#assembly[slot] ?? WHOLE;
    if (assembly < 0) return;
    this.#assemblies.release(assembly);
    this.#assembly[slot] = as;
    const fragments = this.#fragments[slot] ?? 0;
    this.fragmentsHeld -= fragments;
    this.fragmentsDropped += fragments;
  }
}

function writeUint16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function writeUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}
