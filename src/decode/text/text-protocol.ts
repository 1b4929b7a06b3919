import { uint8 } from '../../protocols/network-order.js';
import type { Printing } from './printing.js';

const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TILDE = 0x7e;

const HTTP_METHODS = wordsOf(
  'GET PUT COPY HEAD LOCK MOVE POLL POST BCOPY BMOVE MKCOL TRACE LABEL MERGE DELETE SEARCH UNLOCK REPORT UPDATE NOTIFY BDELETE CONNECT OPTIONS CHECKIN PROPFIND CHECKOUT CCM_POST SUBSCRIBE PROPPATCH BPROPFIND BPROPPATCH UNCHECKOUT MKACTIVITY MKWORKSPACE UNSUBSCRIBE RPC_CONNECT VERSION-CONTROL BASELINE-CONTROL PATCH',
);
const SIP_METHODS = wordsOf(
  'ACK BYE CANCEL DO INFO INVITE MESSAGE NOTIFY OPTIONS PRACK QAUTH REFER REGISTER SPRACK SUBSCRIBE UPDATE PUBLISH',
);
const [HTTP_VERSION, SIP_VERSION] = [Buffer.from('HTTP/'), Buffer.from('SIP/2.0')];
const HTTP_IN_LINE = Buffer.from(' HTTP/');
const SIP_IN_LINE = Buffer.from(' SIP/2.0');

const NO_TEXT = -1;

/** Whether it begins with a request or a response of HTTP/1, whatever its port. */
export function isHttp(bytes: Buffer, at: number, end: number): boolean {
  return (
    begins(bytes, at, end, HTTP_VERSION) || isRequest(bytes, at, end, HTTP_METHODS, HTTP_IN_LINE)
  );
}

/** Whether it begins with a request or a response of SIP, whatever its port. */
export function isSip(bytes: Buffer, at: number, end: number): boolean {
  return begins(bytes, at, end, SIP_VERSION) || isRequest(bytes, at, end, SIP_METHODS, SIP_IN_LINE);
}

export function printHttp(printing: Printing, length: number): void {
  printText(printing, 'HTTP', HTTP_METHODS, length);
}

export function printSip(printing: Printing, length: number): void {
  printText(printing, 'SIP', SIP_METHODS, length);
}

/** The first line; with more to be said, all lines of text. */
function printText(
  { line, cursor, verbose }: Printing,
  name: string,
  methods: readonly Buffer[],
  length: number,
): void {
  const { bytes, at, end } = cursor;
  line.text(name);
  if (!hasMethod(bytes, at, end, methods) && !hasStatus(bytes, at, end)) return;
  if (!verbose) {
    const lineEnd = endOfText(bytes, at, end);
    if (lineEnd === NO_TEXT) return;
    line.text(': ');
    line.printable(bytes, at, lineEnd);
    return;
  }
  line.text(', length: ');
  line.decimal(length);
  for (let first = at; first < end;) {
    const lineEnd = endOfText(bytes, first, end);
    if (lineEnd === NO_TEXT) return;
    line.text('\n\t');
    line.printable(bytes, first, lineEnd);
    first = lineEnd + (uint8(bytes, lineEnd) === CARRIAGE_RETURN ? 2 : 1);
  }
}

/** Where a line ends that begins at `at`, or what there is of it; NO_TEXT where something in it is no printable ASCII. */
function endOfText(bytes: Buffer, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    const code = uint8(bytes, i);
    if (code === LINE_FEED) return i;
    if (code === CARRIAGE_RETURN)
      return i + 1 < end && uint8(bytes, i + 1) === LINE_FEED ? i : NO_TEXT;
    if ((code < SPACE || code > TILDE) && code !== TAB) return NO_TEXT;
  }
  return end;
}

function hasMethod(bytes: Buffer, at: number, end: number, methods: readonly Buffer[]): boolean {
  for (const method of methods)
    if (begins(bytes, at, end, method) && uint8(bytes, at + method.length) === SPACE) return true;
  return false;
}

/** Whether the second word is a status of three digits. */
function hasStatus(bytes: Buffer, at: number, end: number): boolean {
  let word = at;
  while (word < end && uint8(bytes, word) > SPACE && uint8(bytes, word) <= TILDE) word++;
  if (word === at || uint8(bytes, word) !== SPACE) return false;
  while (word < end && uint8(bytes, word) === SPACE) word++;
  if (end - word < 3) return false;
  for (let i = 0; i < 3; i++)
    if (uint8(bytes, word + i) < 0x30 || uint8(bytes, word + i) > 0x39) return false;
  return word + 3 === end || uint8(bytes, word + 3) <= SPACE;
}

/** A method, and the protocol's name at the end of the line. */
function isRequest(
  bytes: Buffer,
  at: number,
  end: number,
  methods: readonly Buffer[],
  version: Buffer,
): boolean {
  // Most payloads are turned away here: a method begins with two capitals.
  if (end - at < 3 || !isCapital(bytes, at) || !isCapital(bytes, at + 1)) return false;
  if (!hasMethod(bytes, at, end, methods)) return false;
  for (let i = at; i < end; i++) {
    const code = uint8(bytes, i);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) return false;
    if (code === SPACE && begins(bytes, i, end, version)) return true;
  }
  return false;
}

function isCapital(bytes: Buffer, at: number): boolean {
  const code = uint8(bytes, at);
  return code >= 0x41 && code <= 0x5a;
}

function begins(bytes: Buffer, at: number, end: number, word: Buffer): boolean {
  const { length } = word;
  if (end - at < length) return false;
  for (let i = 0; i < length; i++) if (uint8(bytes, at + i) !== uint8(word, i)) return false;
  return true;
}

function wordsOf(words: string): readonly Buffer[] {
  return words.split(' ').map((word) => Buffer.from(word, 'latin1'));
}
