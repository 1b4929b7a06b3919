import { uint16, uint8 } from '../../protocols/network-order.js';
import type { Line } from './line.js';

const POINTER = 0xc0;
const MOST_CHARACTERS = 255;
export const BROKEN = -1;

/** Where a domain name ends that begins at `at`; BROKEN where it does not within the message. */
export function afterName(bytes: Buffer, at: number, end: number): number {
  for (let next = at; next < end;) {
    const length = uint8(bytes, next);
    if (length === 0) return next + 1;
    if ((length & POINTER) === POINTER) return next + 2;
    if ((length & POINTER) !== 0) return BROKEN;
    next += 1 + length;
  }
  return BROKEN;
}

/**
 * Prints a domain name, with what its compression points to (RFC 1035, 4.1.4); pointers must lead backwards, which is
 * what ends them.
 *
 * @param messageAt what pointers count from
 * @returns where what stands there ends, or BROKEN
 */
export function printName(
  line: Line,
  bytes: Buffer,
  messageAt: number,
  at: number,
  end: number,
): number {
  const after = afterName(bytes, at, end);
  let next = at;
  let backwards = at - messageAt;
  let characters = 0;
  if (next < end && uint8(bytes, next) === 0) line.character(0x2e);
  for (;;) {
    if (next >= end) return BROKEN;
    const length = uint8(bytes, next);
    if (length === 0) break;
    if ((length & POINTER) === POINTER) {
      if (next + 1 >= end) return BROKEN;
      const offset = uint16(bytes, next) & 0x3fff;
      if (offset >= backwards) {
        line.text('<BAD PTR>');
        return BROKEN;
      }
      backwards = offset;
      next = messageAt + offset;
      continue;
    }
    if ((length & POINTER) !== 0) {
      line.text('<BAD LABEL TYPE>');
      return BROKEN;
    }
    const labelEnd = next + 1 + length;
    if (characters < MOST_CHARACTERS) line.escaped(bytes, next + 1, Math.min(labelEnd, end));
    if (labelEnd > end) return BROKEN;
    characters += length;
    if (characters <= MOST_CHARACTERS) line.character(0x2e);
    characters++;
    next = labelEnd;
  }
  if (characters > MOST_CHARACTERS) line.text('<DOMAIN NAME TOO LONG>');
  return after;
}
