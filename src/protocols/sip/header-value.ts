import type { ByteRange } from '../byte-range.js';
import { unfolded } from '../json-bytes.js';
import {
  BACKSLASH,
  COLON,
  COMMA,
  GREATER,
  isSpace,
  LESS,
  QUOTE,
  SEMICOLON,
  SPACE,
} from './ascii.js';

/** The text of [start, end): folded lines become one, and what is no UTF-8 becomes U+FFFD. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  return unfolded(bytes.toString('utf8', start, end));
}

/**
 * Finds the URI in a value such as From's: `"Bob" <sip:bob@example.com>;tag=1` or `sip:bob@example.com;tag=1`
 * (RFC 3261, section 20.10). A quoted name that does not end, or blanks around the URI, are overlooked as RFC 4475
 * allows (3.1.2.6 and 3.1.2.14).
 */
export function findUri(bytes: Buffer, value: ByteRange, uri: ByteRange): void {
  uri.clear();
  if (!value.isPresent) return;
  let at = afterName(bytes, value.start, value.end);
  let end: number;
  if (bytes[at] === LESS && at < value.end) {
    end = ++at;
    while (end < value.end && bytes[end] !== GREATER) end++;
    if (end === value.end) return;
    while (at < end && isSpace(bytes[at])) at++;
    while (end > at && isSpace(bytes[end - 1])) end--;
  } else {
    at = value.start;
    end = at;
    while (end < value.end && bytes[end] !== SEMICOLON && !isSpace(bytes[end])) end++;
  }
  if (end > at) uri.set(at, end);
}

/** Where the `<` after a display name is, or the end where there is none. */
function afterName(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== LESS) {
    if (bytes[at] === QUOTE) {
      const close = closingQuote(bytes, at, end);
      if (close < end) at = close;
    }
    at++;
  }
  return at;
}

function closingQuote(bytes: Buffer, open: number, end: number): number {
  let at = open + 1;
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at, end);
}

/** Finds the user of a URI: `bob` in `sip:bob:secret@example.com`. */
export function findUser(bytes: Buffer, uri: ByteRange, user: ByteRange): void {
  user.clear();
  let at = uri.start;
  while (at < uri.end && bytes[at] !== COLON) at++;
  const start = at + 1;
  let end = -1;
  for (at = start; at < uri.end && bytes[at] !== 64; at++)
    if (bytes[at] === COLON && end === -1) end = at;
  if (at >= uri.end || !uri.isPresent) return;
  user.set(start, end === -1 ? at : end);
}

const NO_NUMBER = -1;

/** A number written in digits alone, up to `most` (above that `most + 1`); -1 where it is anything else. */
export function digitsIn(bytes: Buffer, start: number, end: number, most: number): number {
  if (start >= end) return NO_NUMBER;
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return NO_NUMBER;
    if (number <= most) number = number * 10 + digit;
  }
  return number > most ? most + 1 : number;
}

/** The number of a CSeq is one of 32 bits. */
const MOST_SEQUENCE = 0xffff_ffff;

/** Finds the method in a CSeq's value; false where it is no number and a method (RFC 3261, section 20.16). */
export function findSequenceMethod(bytes: Buffer, value: ByteRange, method: ByteRange): boolean {
  let at = value.start;
  while (at < value.end && !isSpace(bytes[at])) at++;
  const number = digitsIn(bytes, value.start, at, MOST_SEQUENCE);
  if (number < 0 || number > MOST_SEQUENCE) return false;
  while (at < value.end && isSpace(bytes[at])) at++;
  let end = at;
  while (end < value.end && (bytes[end] ?? 0) > SPACE) end++;
  if (end === at || end !== value.end) return false;
  method.set(at, end);
  return true;
}

/** Whether a Via has a parameter or a value that is empty: `;;`, `,,` and the like outside of quotes. */
export function hasEmptyPart(bytes: Buffer, start: number, end: number): boolean {
  // Of two bytes side by side, one is at an even distance from the beginning.
  for (let at = start; at < end; at += 2) {
    // No other comparison before these: which letters there are, no processor can foretell.
    if (!isSeparator(bytes[at] ?? 0)) continue;
    const before = at > start && isSeparator(bytes[at - 1] ?? 0);
    const after = at + 1 < end && isSeparator(bytes[at + 1] ?? 0);
    if (before || after) return hasEmptyPartOutsideQuotes(bytes, start, end);
  }
  return false;
}

function hasEmptyPartOutsideQuotes(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at + 1 < end; at++) {
    if (bytes[at] === QUOTE) at = closingQuote(bytes, at, end);
    else if (isSeparator(bytes[at] ?? 0) && isSeparator(bytes[at + 1] ?? 0)) return true;
  }
  return false;
}

function isSeparator(byte: number): boolean {
  return byte === SEMICOLON || byte === COMMA;
}
