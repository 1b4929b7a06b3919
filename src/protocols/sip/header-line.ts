import type { ByteRange } from '../byte-range.js';
import { COLON, CR, isBlank, LF, SPACE, TAB } from './ascii.js';
import { indexOfLineEnd } from './line-end.js';

/** What `HeaderLine` found where a header might begin. Numbers and no enum, as in header-name.ts. */
export const HEADER = 0;
/** The empty line that ends the headers. */
export const EMPTY = 1;
/** The bytes end before the line does. */
export const CUT = 2;
/** No name with a colon after it. */
export const INVALID = 3;

/**
 * One header of a message: its name, and its value without the white space around it, over as many lines as it is
 * folded onto (RFC 3261, section 7.3.1). Lines may end in a bare LF.
 */
export class HeaderLine {
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Where the next line begins. */
  next = 0;

  /** Reads the line at `at`, of a message that ends at `end`. */
  read(bytes: Buffer, at: number, end: number): number {
    if (at >= end) return CUT;
    let byte = bytes[at] ?? 0;
    if (byte < SPACE && (byte === LF || byte === CR)) return this.#readEmpty(bytes, at, end);

    const nameStart = at;
    // Most bytes of names are letters, which come after the colon.
    while (byte > COLON || (byte !== COLON && byte > SPACE)) {
      if (++at >= end) return CUT;
      byte = bytes[at] ?? 0;
    }
    const nameEnd = at;
    while (byte === SPACE || byte === TAB) {
      if (++at >= end) return CUT;
      byte = bytes[at] ?? 0;
    }
    if (byte !== COLON || nameEnd === nameStart) return INVALID;

    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    return this.#readValue(bytes, at + 1, end);
  }

  #readValue(bytes: Buffer, at: number, end: number): number {
    let start = at;
    let lf = indexOfLineEnd(bytes, start, end);
    if (lf === -1) return CUT;
    while (lf + 1 < end && isBlank(bytes[lf + 1])) {
      lf = indexOfLineEnd(bytes, lf + 1, end);
      if (lf === -1) return CUT;
    }

    let last = lf;
    while (start < last && isWhite(bytes[start] ?? 0)) start++;
    while (last > start && isWhite(bytes[last - 1] ?? 0)) last--;
    this.valueStart = start;
    this.valueEnd = last;
    this.next = lf + 1;
    return HEADER;
  }

  #readEmpty(bytes: Buffer, at: number, end: number): number {
    if (bytes[at] === CR && at + 1 < end && bytes[at + 1] !== LF) return INVALID;
    this.next = bytes[at] === CR ? at + 2 : at + 1;
    return this.next > end ? CUT : EMPTY;
  }
}

/** Whether it is no part of a value where it stands before or behind it. */
export function isWhite(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === CR || byte === LF || byte === TAB);
}

/** Sets a value to [start, end) without the white space around it. */
export function setTrimmed(value: ByteRange, bytes: Buffer, start: number, end: number): void {
  while (start < end && isWhite(bytes[start] ?? 0)) start++;
  while (end > start && isWhite(bytes[end - 1] ?? 0)) end--;
  value.set(start, end);
}

/** Whether a name begins in this line, which ends at `lf`, and the colon is right behind it. */
export function isNamed(bytes: Buffer, view: DataView, start: number, lf: number): boolean {
  let at = start;
  for (const last = lf - 4; at <= last; at += 4) {
    const word = view.getInt32(at, true);
    const difference = word ^ 0x3a3a3a3a;
    const colon = (difference - 0x01010101) & ~difference & 0x80808080;
    // No name has a byte up to that of the space.
    const found = colon | ((word - 0x21212121) & ~word & 0x80808080);
    if (found !== 0) return (colon & found & -found) !== 0 && bytes[start] !== COLON;
  }
  while (at < lf && (bytes[at] ?? 0) > SPACE && bytes[at] !== COLON) at++;
  return bytes[at] === COLON && at > start;
}
