/** Headers that are found in every message. */
export enum Header {
  Other,
  Via,
  From,
  To,
  CallId,
  CSeq,
  ContentLength,
  ContentType,
}

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

const VIA = Buffer.from('via');
const FROM = Buffer.from('from');
const TO = Buffer.from('to');
const CALL_ID = Buffer.from('call-id');
const CSEQ = Buffer.from('cseq');
const CONTENT_TYPE = Buffer.from('content-type');
const CONTENT_LENGTH = Buffer.from('content-length');

/** Which header the name in [start, end) is. */
export function headerNamed(bytes: Buffer, start: number, end: number): Header {
  const first = (bytes[start] ?? 0) | 0x20;
  switch (end - start) {
    case 1:
      return compactHeader(first);
    case 2:
      return isName(bytes, start, TO) ? Header.To : Header.Other;
    case 3:
      return isName(bytes, start, VIA) ? Header.Via : Header.Other;
    case 4:
      if (first === 102) return isName(bytes, start, FROM) ? Header.From : Header.Other;
      return isName(bytes, start, CSEQ) ? Header.CSeq : Header.Other;
    case 7:
      return isName(bytes, start, CALL_ID) ? Header.CallId : Header.Other;
    case 12:
      return isName(bytes, start, CONTENT_TYPE) ? Header.ContentType : Header.Other;
    case 14:
      return isName(bytes, start, CONTENT_LENGTH) ? Header.ContentLength : Header.Other;
    default:
      return Header.Other;
  }
}

/** Whether a name, of the same length and without control characters, is this one in any case. */
function isName(bytes: Buffer, start: number, lower: Buffer): boolean {
  for (let index = 0; index < lower.length; index++)
    if (((bytes[start + index] ?? 0) | 0x20) !== lower[index]) return false;
  return true;
}

/** @param letter in lower case */
function compactHeader(letter: number): Header {
  switch (letter) {
    case 118: // v
      return Header.Via;
    case 102: // f
      return Header.From;
    case 116: // t
      return Header.To;
    case 105: // i
      return Header.CallId;
    case 108: // l
      return Header.ContentLength;
    case 99: // c
      return Header.ContentType;
    default:
      return Header.Other;
  }
}
