import { PayloadType } from '../protocols/hep/chunk.js';
import { HepPacket } from '../protocols/hep/hep-packet.js';
import { inflated } from '../protocols/hep/inflated.js';
import { UDP, type Passage } from '../protocols/passage.js';
import { udpFrameHeaderBytes, writeUdpFrame } from '../protocols/udp-frame.js';
import type { CarriedFrames } from './carried-frames.js';

/** LINKTYPE_RAW: frames begin with IP's header. */
const RAW = 101;
const LONGEST = 0xffff;
const SIP: number = PayloadType.Sip;

/**
 * The packets that HEP packets tell of, with their addresses and times. HEP has a message without the packet around it:
 * what came as a datagram becomes one again. What did not (TCP, SCTP), and what is no SIP, goes on as the HEP packet it came
 * in, from and to the same addresses and ports: nothing that HEP says is lost to its reader.
 */
export class HepFrames implements CarriedFrames {
  readonly #hep = new HepPacket();
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return udpFrameHeaderBytes(this.#hep.passage) + this.#end - this.#start;
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
    writeUdpFrame(into, at, this.#hep.passage, this.#bytes, this.#start, this.#end);
  }

  /** Leaves the whole HEP packet where its payload can't stand alone. */
  #unwrap(bytes: Buffer): void {
    const { payload, isCompressed } = this.#hep;
    const mostBytes = LONGEST - udpFrameHeaderBytes(this.#hep.passage);
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
