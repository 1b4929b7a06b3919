import { PayloadType } from '../protocols/hep/chunk.js';
import { HepPacket } from '../protocols/hep/hep-packet.js';
import { inflated } from '../protocols/hep/inflated.js';
import { writeUint16 } from '../protocols/network-order.js';
import { UDP, type Passage } from '../protocols/passage.js';
import type { CarriedFrames } from './carried-frames.js';

/** LINKTYPE_RAW: frames begin with IP's header. */
const RAW = 101;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const LONGEST = 0xffff;
const TTL = 64;
const DONT_FRAGMENT = 0x40;
const SIP: number = PayloadType.Sip;

/**
 * The packets that HEP packets tell of, with their addresses and times. HEP has a message without the packet around it:
 * what came as a datagram becomes one again. What did not (TCP, SCTP), and what is no SIP, goes on as the HEP packet it came
 * in, from and to the same addresses and ports: whoever reads it finds in it all that HEP says.
 */
export class HepFrames implements CarriedFrames {
  readonly #hep = new HepPacket();
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#headerBytes + this.#end - this.#start;
  }

  get time(): Passage | undefined {
    // Version 1 has none.
    return this.#hep.version === 1 ? undefined : this.#hep.passage;
  }

  read(bytes: Buffer, start: number, end: number): number | undefined {
    const hep = this.#hep;
    if (!hep.read(bytes, start, end)) return undefined;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    if (hep.payloadType === SIP && hep.passage.protocol === UDP) this.#unwrap(bytes);
    return this.length > LONGEST ? undefined : RAW;
  }

  write(into: Buffer, at: number): void {
    const { passage } = this.#hep;
    const udpAt = at + this.#headerBytes - UDP_BYTES;
    const udpBytes = UDP_BYTES + this.#end - this.#start;
    if (passage.ipVersion === 4) writeIpv4(into, at, passage, udpBytes);
    else writeIpv6(into, at, passage, udpBytes);
    writeUint16(into, passage.sourcePort, udpAt);
    writeUint16(into, passage.destinationPort, udpAt + 2);
    writeUint16(into, udpBytes, udpAt + 4);
    writeUint16(into, 0, udpAt + 6);
    this.#bytes.copy(into, udpAt + UDP_BYTES, this.#start, this.#end);
    // Over IPv4 there need not be a checksum (RFC 768).
    if (passage.ipVersion === 6) {
      const pseudo = sumOf(into, udpAt - 32, udpAt) + UDP + udpBytes;
      const sum = checksum(pseudo + sumOf(into, udpAt, udpAt + udpBytes));
      writeUint16(into, sum === 0 ? 0xffff : sum, udpAt + 6);
    }
  }

  get #headerBytes(): number {
    return (this.#hep.passage.ipVersion === 4 ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES;
  }

  /** Leaves the whole HEP packet where its payload can't stand alone. */
  #unwrap(bytes: Buffer): void {
    const { payload, isCompressed } = this.#hep;
    const mostBytes = LONGEST - this.#headerBytes;
    if (!isCompressed) {
      this.#start = payload.start;
      this.#end = payload.end;
      return;
    }
    const whole = inflated(bytes.subarray(payload.start, payload.end), mostBytes);
    if (!whole) return;
    this.#bytes = whole;
    this.#start = 0;
    this.#end = whole.length;
  }
}

function writeIpv4(into: Buffer, at: number, passage: Passage, payloadBytes: number): void {
  into.fill(0, at, at + IPV4_BYTES);
  into[at] = 0x45;
  writeUint16(into, IPV4_BYTES + payloadBytes, at + 2);
  into[at + 6] = DONT_FRAGMENT;
  into[at + 8] = TTL;
  into[at + 9] = UDP;
  const { addresses, sourceAt, destinationAt } = passage;
  addresses.copy(into, at + 12, sourceAt, sourceAt + 4);
  addresses.copy(into, at + 16, destinationAt, destinationAt + 4);
  writeUint16(into, checksum(sumOf(into, at, at + IPV4_BYTES)), at + 10);
}

function writeIpv6(into: Buffer, at: number, passage: Passage, payloadBytes: number): void {
  into.fill(0, at, at + IPV6_BYTES);
  into[at] = 0x60;
  writeUint16(into, payloadBytes, at + 4);
  into[at + 6] = UDP;
  into[at + 7] = TTL;
  const { addresses, sourceAt, destinationAt } = passage;
  addresses.copy(into, at + 8, sourceAt, sourceAt + 16);
  addresses.copy(into, at + 24, destinationAt, destinationAt + 16);
}

/** RFC 1071's sum of bytes, not folded. */
function sumOf(bytes: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2)
    sum += ((bytes[at] ?? 0) << 8) + (at + 1 < end ? (bytes[at + 1] ?? 0) : 0);
  return sum;
}

function checksum(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x1_0000);
  return ~rest & 0xffff;
}
