import { ByteRange } from '../byte-range.js';
import { viewOf } from '../byte-view.js';
import { CR, isBlank, LF } from './ascii.js';
import { Beginning, type FirstLine, readFirstLine } from './first-line.js';
import { CUT, EMPTY, HEADER, HeaderLine, INVALID, isNamed, isWhite } from './header-line.js';
import {
  CALL_ID,
  CONTENT_LENGTH,
  CONTENT_TYPE,
  CSEQ,
  FROM,
  headerAt,
  headerNamed,
  NAME_BYTES,
  OTHER,
  TO,
  VIA,
} from './header-name.js';
import { NONE, ONE, searchHeader, SEVERAL, UNCLEAR } from './header-search.js';
import { digitsIn, findSequenceMethod, findUri, hasEmptyPart, textOf } from './header-value.js';
import { lineEndIn } from './line-end.js';
import { type FindLineEnds, LineEnds } from './line-ends.js';

/** In bytes, from the first line to the end of the body; what is longer is no message. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** What some bytes are. */
export enum Verdict {
  /** A whole message, which the fields describe. */
  Sip,
  /** SIP by the first line, but invalid. */
  Malformed,
  NotSip,
  /** Of a stream: the beginning of a message, of which there is more to come. */
  Incomplete,
}

const NO_BYTES = Buffer.alloc(0);

/**
 * A SIP message (RFC 3261, RFC 4475) where it lies: offsets into its bytes, and strings only when they are asked for.
 * One object reads one message after the other without an allocation; its fields are valid until it reads the next.
 */
export class SipMessage implements FirstLine {
  bytes: Buffer = NO_BYTES;
  /** The first line's beginning: line ends before it are no part of the message. */
  start = 0;
  /** Where the body ends. */
  end = 0;
  /** The first header's beginning; -1 where the first line is not that of SIP. */
  headersStart = 0;
  /** Where the body begins, after the empty line; -1 where that has not been found. */
  bodyStart = 0;

  isRequest = false;
  /** A response's status, otherwise 0. */
  status = 0;
  /** A request's method, a response's by its CSeq. */
  readonly method = new ByteRange();
  readonly uri = new ByteRange();
  readonly reason = new ByteRange();

  /** Values of the headers, the first of each name. */
  readonly callId = new ByteRange();
  readonly from = new ByteRange();
  readonly to = new ByteRange();
  readonly via = new ByteRange();
  readonly cseq = new ByteRange();
  readonly contentType = new ByteRange();
  readonly cseqMethod = new ByteRange();
  viaCount = 0;
  /** Whether a header other than Via that should be there once is there again. */
  hasRepeats = false;
  /** -1 where there is no Content-Length. */
  contentLength = -1;

  /** Where the line after the first one begins. */
  next = 0;
  /** Only the first line of a datagram has been read. */
  #hasUnreadHeaders = false;
  #isValid = true;
  readonly #line = new HeaderLine();
  readonly #lineEnds: LineEnds;
  /** Of the headers: where the last whole line ends. */
  #readUpTo = 0;
  readonly #found = new ByteRange();

  /** @param findLineEnds where many messages may lie in one Buffer: see `expectIn` */
  constructor(findLineEnds?: FindLineEnds) {
    this.#lineEnds = new LineEnds(findLineEnds);
  }

  /** Many messages that lie in these bytes are to be read, which stay as they are until the next call. */
  expectIn(bytes: Buffer): void {
    this.#lineEnds.look(bytes);
  }

  /** Reads the one message of a datagram, which ends with it. */
  readDatagram(bytes: Buffer, start: number, end: number): Verdict {
    const verdict = this.beginDatagram(bytes, start, end);
    if (verdict !== Verdict.Sip) return verdict;
    return this.readHeaders() ? Verdict.Sip : Verdict.Malformed;
  }

  /**
   * Reads no more than the first line of the one message of a datagram. Where that is one of SIP, `readHeaders` says whether
   * the message is.
   */
  beginDatagram(bytes: Buffer, start: number, end: number): Verdict {
    const verdict = this.#begin(bytes, start, end);
    this.end = end;
    this.#hasUnreadHeaders = verdict === Verdict.Sip;
    return verdict === Verdict.Incomplete ? Verdict.NotSip : verdict;
  }

  /**
   * Reads what follows the first line, if that has not been done: all fields are found then. Whoever looks at a field that
   * the first line does not give calls this before.
   *
   * @returns whether it is a valid message
   */
  readHeaders(): boolean {
    if (this.#hasUnreadHeaders) {
      this.#hasUnreadHeaders = false;
      this.#isValid = this.#readRest(this.end);
    }
    return this.#isValid;
  }

  /** Finds a response's method in its CSeq: that of a request is known. Reads no more than this takes. */
  readMethod(): void {
    if (this.#hasUnreadHeaders && !this.isRequest && !this.#findMethod()) this.readHeaders();
  }

  /**
   * The value of the first header of this name. Reads no more than this takes: of From and To, whether there are others as
   * well (`hasRepeats`).
   */
  findValue(header: typeof FROM | typeof TO | typeof CALL_ID): ByteRange {
    // No table: a field whose name is in a variable takes as long as a header.
    const value = header === FROM ? this.from : header === TO ? this.to : this.callId;
    if (this.#hasUnreadHeaders) {
      const most = header === CALL_ID ? ONE : SEVERAL;
      const found = searchHeader(this, header, most, value, this.#lineEnds);
      this.hasRepeats = found === SEVERAL;
      if (found === UNCLEAR) this.readHeaders();
    }
    return value;
  }

  /** Whether the headers have been read, and the message is not valid. */
  get isInvalid(): boolean {
    return !this.#hasUnreadHeaders && !this.#isValid;
  }

  /** Reads the message at the beginning of a stream's bytes, which ends where its Content-Length says. */
  readStream(bytes: Buffer, start: number, end: number): Verdict {
    this.#hasUnreadHeaders = false;
    const beginning = this.#begin(bytes, start, end);
    const verdict = beginning === Verdict.Sip ? this.#readHeaders(end) : beginning;
    if (verdict !== Verdict.Sip) return verdict;
    this.#isValid = true;
    this.end = this.bodyStart + Math.max(this.contentLength, 0);
    if (this.end - this.start > MAX_MESSAGE_BYTES) return Verdict.Malformed;
    return this.end > end ? Verdict.Incomplete : Verdict.Sip;
  }

  /** All Via values, with commas between them. */
  viaText(): string {
    const { bytes, via } = this;
    if (this.viaCount < 2) return this.text(via);
    const values: string[] = [];
    for (let at = this.headersStart; this.#line.read(bytes, at, this.bodyStart) === HEADER;) {
      const { nameStart, nameEnd, valueStart, valueEnd, next } = this.#line;
      if (headerNamed(bytes, nameStart, nameEnd) === VIA)
        values.push(textOf(bytes, valueStart, valueEnd));
      at = next;
    }
    return values.join(',');
  }

  /** The text of a range: folded lines become one, and what is no UTF-8 becomes U+FFFD; '' where it is not there. */
  text(range: ByteRange): string {
    return range.isPresent ? textOf(this.bytes, range.start, range.end) : '';
  }

  /** The URI in a value such as From's; '' where there is none. */
  uriText(value: ByteRange): string {
    findUri(this.bytes, value, this.#found);
    return this.text(this.#found);
  }

  /** Reads the first line. */
  #begin(bytes: Buffer, start: number, end: number): Verdict {
    this.bytes = bytes;
    while (start < end && (bytes[start] === CR || bytes[start] === LF)) start++;
    this.start = start;
    this.contentLength = -1;
    this.headersStart = -1;
    this.bodyStart = -1;
    if (start >= end) return Verdict.NotSip;
    switch (readFirstLine(bytes, start, end, this)) {
      case Beginning.NotSip:
        return Verdict.NotSip;
      case Beginning.Invalid:
        return Verdict.Malformed;
      case Beginning.Cut:
        return this.#incomplete(end);
      case Beginning.Sip:
        this.headersStart = this.next;
        return Verdict.Sip;
    }
  }

  /** False where that takes all headers. */
  #findMethod(): boolean {
    const { bytes, cseq, cseqMethod, method } = this;
    const found = searchHeader(this, CSEQ, ONE, cseq, this.#lineEnds);
    if (found === NONE) method.clear();
    if (found !== ONE) return found === NONE;
    if (!findSequenceMethod(bytes, cseq, cseqMethod)) return false;
    method.set(cseqMethod.start, cseqMethod.end);
    return true;
  }

  /** Reads the headers of a datagram; false where the message is not valid. */
  #readRest(end: number): boolean {
    const verdict = this.#readHeaders(end);
    if (verdict === Verdict.Incomplete) {
      // Some leave out the empty line where there is no body; a line that has no end was cut.
      if (this.#readUpTo !== end || !this.#isConsistent()) return false;
      this.bodyStart = end;
    } else if (verdict !== Verdict.Sip) return false;
    return this.contentLength <= end - this.bodyStart && end - this.start <= MAX_MESSAGE_BYTES;
  }

  #readHeaders(end: number): Verdict {
    const { bytes } = this;
    const view = viewOf(bytes);
    const lastName = bytes.length - NAME_BYTES;
    const line = this.#line;
    this.callId.clear();
    this.from.clear();
    this.to.clear();
    this.via.clear();
    this.cseq.clear();
    this.contentType.clear();
    this.cseqMethod.clear();
    this.viaCount = 0;
    this.hasRepeats = false;
    let at = this.headersStart;
    const ends = this.#lineEnds.found;
    let index = this.#lineEnds.indexAt(bytes, at, end);
    for (;;) {
      const mayBeUsual = at <= lastName;
      const known = mayBeUsual ? headerAt(view, at) : OTHER;
      const colon = at + (known & 15);
      let lf = index === -1 ? lineEndIn(view, colon, end) : (ends[index] ?? end);
      if (lf >= end) lf = -1;
      let header = known >> 4;
      // Most lines are a header in one line, of which only those have to be looked at that somebody needs.
      if (
        mayBeUsual &&
        lf !== -1 &&
        (known !== OTHER || isNamed(bytes, view, at, lf)) &&
        (lf + 1 >= end || !isBlank(bytes[lf + 1]))
      ) {
        at = lf + 1;
        if (index !== -1) index++;
        if (header === OTHER) continue;
        let valueStart = colon + 1;
        while (valueStart < lf && isWhite(bytes[valueStart] ?? 0)) valueStart++;
        let valueEnd = lf;
        while (valueEnd > valueStart && isWhite(bytes[valueEnd - 1] ?? 0)) valueEnd--;
        if (!this.#take(header, valueStart, valueEnd)) return Verdict.Malformed;
        continue;
      }
      const kind = line.read(bytes, at, end);
      if (kind === CUT) {
        this.#readUpTo = at;
        return this.#incomplete(end);
      }
      if (kind === INVALID) return Verdict.Malformed;
      at = line.next;
      if (index !== -1) while ((ends[index] ?? at) < at) index++;
      if (kind === EMPTY) break;
      header = headerNamed(bytes, line.nameStart, line.nameEnd);
      if (header !== OTHER && !this.#take(header, line.valueStart, line.valueEnd))
        return Verdict.Malformed;
    }
    this.bodyStart = at;
    return this.#isConsistent() ? Verdict.Sip : Verdict.Malformed;
  }

  /** The bytes end before the headers do. */
  #incomplete(end: number): Verdict {
    return end - this.start > MAX_MESSAGE_BYTES ? Verdict.Malformed : Verdict.Incomplete;
  }

  /** Keeps a header's value, where it is one that is needed; false where it cannot be what it says. */
  #take(header: number, valueStart: number, valueEnd: number): boolean {
    const { bytes } = this;
    switch (header) {
      case VIA:
        if (this.viaCount++ === 0) this.via.set(valueStart, valueEnd);
        return !hasEmptyPart(bytes, valueStart, valueEnd);
      case FROM:
        this.#keep(this.from, valueStart, valueEnd);
        return true;
      case TO:
        this.#keep(this.to, valueStart, valueEnd);
        return true;
      case CALL_ID:
        this.#keep(this.callId, valueStart, valueEnd);
        return true;
      case CSEQ:
        this.#keep(this.cseq, valueStart, valueEnd);
        return true;
      case CONTENT_TYPE:
        this.#keep(this.contentType, valueStart, valueEnd);
        return true;
      case CONTENT_LENGTH: {
        const length = digitsIn(bytes, valueStart, valueEnd, MAX_MESSAGE_BYTES);
        const isOther = this.contentLength !== -1 && this.contentLength !== length;
        this.contentLength = length;
        return length !== -1 && !isOther;
      }
      default:
        return true;
    }
  }

  #keep(value: ByteRange, start: number, end: number): void {
    if (value.isPresent) this.hasRepeats = true;
    else value.set(start, end);
  }

  /** Whether CSeq is valid and, in a request, names the same method as the first line. */
  #isConsistent(): boolean {
    const { bytes, method, cseqMethod } = this;
    if (!this.cseq.isPresent) {
      if (!this.isRequest) method.clear();
      return true;
    }
    if (!findSequenceMethod(bytes, this.cseq, cseqMethod)) return false;
    if (!this.isRequest) {
      method.set(cseqMethod.start, cseqMethod.end);
      return true;
    }
    if (method.length !== cseqMethod.length) return false;
    for (let index = 0; index < method.length; index++)
      if (bytes[method.start + index] !== bytes[cseqMethod.start + index]) return false;
    return true;
  }
}
