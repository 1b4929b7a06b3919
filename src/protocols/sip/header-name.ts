import { COLON, SPACE } from './ascii.js';

/**
 * Headers that are found in every message. Numbers of their own and no enum: the bundle has them as numbers where they
 * are used, which counts in what runs for each header.
 */
export const OTHER = 0;
export const VIA = 1;
export const FROM = 2;
export const TO = 3;
export const CALL_ID = 4;
export const CSEQ = 5;
export const CONTENT_LENGTH = 6;
export const CONTENT_TYPE = 7;

/** The compact forms that IANA has registered, each for its long name. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** What a header of this name may be called in a message, in lower case: one or two names. */
export function namesOfHeader(name: string): readonly string[] {
  const lower = name.toLowerCase();
  const long = LONG_NAMES[lower] ?? lower;
  const short = Object.keys(LONG_NAMES).find((key) => LONG_NAMES[key] === long);
  return short === undefined ? [long] : [long, short];
}

const VIA_NAME = Buffer.from('via');
const FROM_NAME = Buffer.from('from');
const TO_NAME = Buffer.from('to');
const CALL_ID_NAME = Buffer.from('call-id');
const CSEQ_NAME = Buffer.from('cseq');
const CONTENT_TYPE_NAME = Buffer.from('content-type');
const CONTENT_LENGTH_NAME = Buffer.from('content-length');

/** Bytes that are read from where a header begins, for its name: as many have to be there. */
export const NAME_BYTES = 16;

/**
 * Which header begins at `at`, if it is one of those above with its colon right behind the name: sixteen times its number,
 * and the length of the name. Otherwise 0: then the name has to be read.
 *
 * Four letters at a time, made lower-case by the bit that tells them from capitals. Other bytes have that bit, too: colons
 * and hyphens are compared as they are.
 */
export function headerAt(view: DataView, at: number): number {
  const first = view.getInt32(at, true) | 0x20202020;
  switch (first) {
    case 0x3a616976: // via:
      return view.getUint8(at + 3) === COLON ? VIA * 16 + 3 : 0;
    case 0x6d6f7266: // from
      return view.getUint8(at + 4) === COLON ? FROM * 16 + 4 : 0;
    case 0x71657363: // cseq
      return view.getUint8(at + 4) === COLON ? CSEQ * 16 + 4 : 0;
    case 0x6c6c6163: // call, -id:
      return (view.getInt32(at + 4, true) | 0x00202000) === 0x3a64692d ? CALL_ID * 16 + 7 : 0;
    case 0x746e6f63: // cont
      return contentHeaderAt(view, at);
    default:
      if (view.getUint8(at + 1) === COLON) return compactHeaderAt(first & 0xff);
      return (first & 0xffffff) === 0x3a6f74 && view.getUint8(at + 2) === COLON ? TO * 16 + 2 : 0;
  }
}

function contentHeaderAt(view: DataView, at: number): number {
  // ent-
  if ((view.getInt32(at + 4, true) | 0x00202020) !== 0x2d746e65) return 0;
  const third = view.getInt32(at + 8, true) | 0x20202020;
  const fourth = view.getInt32(at + 12, true);
  // leng, th:
  if (third === 0x676e656c && ((fourth & 0xffffff) | 0x2020) === 0x3a6874)
    return CONTENT_LENGTH * 16 + 14;
  // type, :
  return third === 0x65707974 && (fourth & 0xff) === COLON ? CONTENT_TYPE * 16 + 12 : 0;
}

/** @param letter in lower case */
function compactHeaderAt(letter: number): number {
  const header = compactHeader(letter);
  return header === OTHER ? 0 : header * 16 + 1;
}

/** Which header the name in [start, end) is. */
export function headerNamed(bytes: Buffer, start: number, end: number): number {
  switch (end - start) {
    case 1:
      return compactHeader((bytes[start] ?? 0) | 0x20);
    case 2:
      return isName(bytes, start, TO_NAME) ? TO : OTHER;
    case 3:
      return isName(bytes, start, VIA_NAME) ? VIA : OTHER;
    case 4:
      if (isName(bytes, start, FROM_NAME)) return FROM;
      return isName(bytes, start, CSEQ_NAME) ? CSEQ : OTHER;
    case 7:
      return isName(bytes, start, CALL_ID_NAME) ? CALL_ID : OTHER;
    case 12:
      return isName(bytes, start, CONTENT_TYPE_NAME) ? CONTENT_TYPE : OTHER;
    case 14:
      return isName(bytes, start, CONTENT_LENGTH_NAME) ? CONTENT_LENGTH : OTHER;
    default:
      return OTHER;
  }
}

/** Whether a name, of the same length, is this one in any case. */
function isName(bytes: Buffer, start: number, lower: Buffer): boolean {
  for (let index = 0; index < lower.length; index++) {
    const byte = bytes[start + index] ?? 0;
    // A carriage return would be a hyphen.
    if ((byte | 0x20) !== lower[index] || byte < SPACE) return false;
  }
  return true;
}

/** @param letter in lower case */
function compactHeader(letter: number): number {
  switch (letter) {
    case 118: // v
      return VIA;
    case 102: // f
      return FROM;
    case 116: // t
      return TO;
    case 105: // i
      return CALL_ID;
    case 108: // l
      return CONTENT_LENGTH;
    case 99: // c
      return CONTENT_TYPE;
    default:
      return OTHER;
  }
}
