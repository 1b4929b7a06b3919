import { COLON, CR, LF, SPACE, TAB } from './ascii.js';
import { indexOfLineEnd } from './line-end.js';

/** What `HeaderLine.read` found where a header might begin. */
export enum Line {
  Header,
  /** The empty line that ends the headers. */
  Empty,
  /** The bytes end before the line does. */
  Cut,
  /** No name with a colon after it. */
  Invalid,
}

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
  read(bytes: Buffer, at: number, end: number): Line {
    if (at >= end) return Line.Cut;
    let byte = bytes[at] ?? 0;
    if (byte < SPACE && (byte === LF || byte === CR)) return this.#readEmpty(bytes, at, end);

    const nameStart = at;
    // Most bytes of names are letters, which come after the colon.
    while (byte > COLON || (byte !== COLON && byte > SPACE)) {
      if (++at >= end) return Line.Cut;
      byte = bytes[at] ?? 0;
    }
    const nameEnd = at;
    while (byte === SPACE || byte === TAB) {
      if (++at >= end) return Line.Cut;
      byte = bytes[at] ?? 0;
    }
    if (byte !== COLON || nameEnd === nameStart) return Line.Invalid;

    let start = at + 1;
    let lf = indexOfLineEnd(bytes, start, end);
    if (lf === -1) return Line.Cut;
    while (lf + 1 < end && ((byte = bytes[lf + 1] ?? 0) === SPACE || byte === TAB)) {
      lf = indexOfLineEnd(bytes, lf + 1, end);
      if (lf === -1) return Line.Cut;
    }

    let last = lf;
    while (start < last && isWhite(bytes[start] ?? 0)) start++;
    while (last > start && isWhite(bytes[last - 1] ?? 0)) last--;
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    this.valueStart = start;
    this.valueEnd = last;
    this.next = lf + 1;
    return Line.Header;
  }

  #readEmpty(bytes: Buffer, at: number, end: number): Line {
    if (bytes[at] === CR && at + 1 < end && bytes[at + 1] !== LF) return Line.Invalid;
    this.next = bytes[at] === CR ? at + 2 : at + 1;
    return this.next > end ? Line.Cut : Line.Empty;
  }
}

function isWhite(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === CR || byte === LF || byte === TAB);
}
