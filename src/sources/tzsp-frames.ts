import { ETHERNET } from '../packet/packet-batch.js';
import type { CarriedFrames } from './carried-frames.js';

const HEADER_BYTES = 4;
const VERSION = 1;
/** Types that carry a packet; others keep the way open, or configure a sensor. */
const RECEIVED = 0;
const TO_TRANSMIT = 1;
/** Tags. */
const PADDING = 0;
const END = 1;
const IEEE802_11 = 105;

/** What datagrams of the TaZmen Sniffer Protocol carry, as routers and access points send it. */
export class TzspFrames implements CarriedFrames {
  readonly time = undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  read(bytes: Buffer, start: number, end: number): number | undefined {
    const type = bytes[start + 1];
    if (end - start < HEADER_BYTES || bytes[start] !== VERSION) return undefined;
    if (type !== RECEIVED && type !== TO_TRANSMIT) return undefined;
    const at = afterTags(bytes, start + HEADER_BYTES, end);
    if (at === undefined) return undefined;
    this.#bytes = bytes;
    this.#start = at;
    this.#end = end;
    return linkTypeOf(((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0));
  }

  write(into: Buffer, at: number): void {
    this.#bytes.copy(into, at, this.#start, this.#end);
  }
}

/** Where the tags are over; undefined where they lead out of the datagram. */
function afterTags(bytes: Buffer, first: number, end: number): number | undefined {
  for (let at = first; at < end;) {
    const tag = bytes[at];
    if (tag === END) return at + 1;
    at += tag === PADDING ? 1 : 2 + (bytes[at + 1] ?? 0);
  }
  return undefined;
}

function linkTypeOf(encapsulated: number): number | undefined {
  switch (encapsulated) {
    case 0x01:
      return ETHERNET;
    case 0x12:
      return IEEE802_11;
    default:
      return undefined;
  }
}
