import { viewOf } from '../byte-view.js';
import { lineEndIn } from '../sip/line-end.js';
import { type Ending, endingOf } from './session-description.js';

const LF = 10;
const CR = 13;
const SPACE = 32;
const DOT = 46;
const ZERO = 48;
const C_LINE = 0x633d;
const M_LINE = 0x6d3d;
/** `c=IN IP4 ` */
const CONNECTION_BYTES = 9;
const MOST_ENDINGS = 1000;
const LONGEST_ENDING = 512;

/** What follows the port, as devices of a kind write it again and again. */
interface Known {
  readonly bytes: DataView;
  readonly ending: Ending;
}

/**
 * Reads at once what most session descriptions are: an IPv4 address of the session, and one stream of media, which has no
 * address of its own, in words that have been read before. Its fields are valid until it reads the next.
 */
export class PlainDescription {
  /** Of the session, as a number of 32 bits with a sign; never 0. */
  address = 0;
  port = 0;
  rtcpPort = 0;
  sharesPort = false;
  codecs: ReadonlyMap<number, string> = new Map();

  /** By a hash of their bytes. */
  readonly #known = new Map<number, Known>();

  /** False where it is anything else: then its lines are read one by one, which comes to the same. */
  read(bytes: Buffer, start: number, end: number): boolean {
    const view = viewOf(bytes);
    this.address = 0;
    let at = start;
    for (; at + 2 < end; at = lineEnd(view, at, end) + 1) {
      const begin = view.getUint16(at);
      if (begin === M_LINE) break;
      if (begin === C_LINE && !this.#readConnection(bytes, view, at, end)) return false;
    }
    if (at + 2 >= end || this.address === 0) return false;
    while (at < end && (bytes[at] ?? 0) > SPACE) at++;
    const portAt = ++at;
    let port = 0;
    for (let digit; at < end && (digit = (bytes[at] ?? 0) - ZERO) >= 0 && digit <= 9; at++)
      port = port * 10 + digit;
    if (at === portAt || at - portAt > 5 || port === 0 || port > 0xffff || bytes[at] !== SPACE)
      return false;
    const ending = this.#endingOf(bytes, at, end);
    if (!ending) return false;
    this.port = port;
    this.sharesPort = ending.sharesPort;
    this.rtcpPort = ending.sharesPort ? port : ending.rtcpPort || port + 1;
    this.codecs = ending.codecs;
    return true;
  }

  /** `c=IN IP4 192.0.2.1`, and nothing behind it; the last such line holds. */
  #readConnection(bytes: Buffer, view: DataView, at: number, end: number): boolean {
    let next = at + CONNECTION_BYTES;
    if (next > end) return false;
    // c=IN, IP4 and the blanks around it
    if (view.getUint32(at) !== 0x633d494e || view.getUint32(at + 4) !== 0x20495034) return false;
    if (bytes[at + 8] !== SPACE) return false;
    let address = 0;
    for (let part = 0; part < 4; part++) {
      if (part > 0 && bytes[next++] !== DOT) return false;
      const first = next;
      let number = 0;
      for (let digit; next < end && (digit = (bytes[next] ?? 0) - ZERO) >= 0 && digit <= 9; next++)
        number = number * 10 + digit;
      const length = next - first;
      if (length === 0 || length > 3 || number > 255 || (length > 1 && bytes[first] === ZERO))
        return false;
      address = (address << 8) | number;
    }
    if (next >= end || (bytes[next] !== CR && bytes[next] !== LF)) return false;
    this.address = address;
    return address !== 0;
  }

  /** Undefined where there is more than one stream, or it says of its address or of RTCP's what has to be looked at. */
  #endingOf(bytes: Buffer, start: number, end: number): Ending | undefined {
    const length = end - start;
    if (length > LONGEST_ENDING) return undefined;
    const view = viewOf(bytes);
    const hash = hashOf(view, start, end);
    const known = this.#known.get(hash);
    if (known?.bytes.byteLength === length && isSame(view, start, known.bytes)) return known.ending;
    const text = bytes.toString('latin1', start, end);
    const ending = text.includes('\nm=') ? undefined : endingOf(text);
    if (!ending || ending.address !== undefined || ending.rtcpAddress !== '') return undefined;
    if (this.#known.size === MOST_ENDINGS) this.#known.clear();
    // Of their own memory: a small Buffer would keep others'.
    const own = Uint8Array.from(bytes.subarray(start, end));
    this.#known.set(hash, { bytes: new DataView(own.buffer), ending });
    return ending;
  }
}

/** Where the line ends; `end` where it does not. */
function lineEnd(view: DataView, at: number, end: number): number {
  const found = lineEndIn(view, at, end);
  return found === -1 ? end : found;
}

/** Of 30 bits: such keys of a map cost no memory. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (const last = end - 4; at <= last; at += 4)
    hash = Math.imul(hash ^ view.getInt32(at), 0x0100_0193) ^ (hash >>> 15);
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x0100_0193);
  return (hash ^ (hash >>> 13)) & 0x3fff_ffff;
}

function isSame(view: DataView, start: number, other: DataView): boolean {
  const length = other.byteLength;
  let at = 0;
  for (; at + 4 <= length; at += 4)
    if (view.getInt32(start + at) !== other.getInt32(at)) return false;
  for (; at < length; at++) if (view.getUint8(start + at) !== other.getUint8(at)) return false;
  return true;
}
