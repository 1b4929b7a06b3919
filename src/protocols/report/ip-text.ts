import type { JsonBytes } from '../json-bytes.js';

const DOT = Buffer.from('.');
const COLON = Buffer.from(':');
const DOUBLE_COLON = Buffer.from('::');
const MAPPED = Buffer.from('::ffff:');

/** Writes an address of 4 or 16 bytes as text, IPv6 as RFC 5952 has it. */
export function writeAddress(json: JsonBytes, bytes: Buffer, at: number, length: 4 | 16): void {
  if (length === 4) writeIpv4(json, bytes, at);
  else writeIpv6(json, bytes, at);
}

function writeIpv4(json: JsonBytes, bytes: Buffer, at: number): void {
  for (let index = 0; index < 4; index++) {
    if (index > 0) json.raw(DOT);
    json.number(bytes[at + index] ?? 0);
  }
}

function writeIpv6(json: JsonBytes, bytes: Buffer, at: number): void {
  if (isMapped(bytes, at)) {
    json.raw(MAPPED);
    writeIpv4(json, bytes, at + 12);
    return;
  }
  const { start, length } = longestZeros(bytes, at);
  for (let group = 0; group < 8; group++) {
    if (group === start) {
      json.raw(DOUBLE_COLON);
      group += length - 1;
      continue;
    }
    if (group > 0 && group !== start + length) json.raw(COLON);
    json.hex(groupAt(bytes, at, group));
  }
}

/** An IPv4 address within IPv6 (RFC 4291, section 2.5.5.2). */
function isMapped(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < 10; index++) if (bytes[at + index] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

/** The first of the longest runs of two or more groups that are zero; -1 where there is none. */
function longestZeros(bytes: Buffer, at: number): { start: number; length: number } {
  let start = -1;
  let length = 1;
  for (let group = 0; group < 8; group++) {
    let run = 0;
    while (group + run < 8 && groupAt(bytes, at, group + run) === 0) run++;
    if (run > length) {
      start = group;
      length = run;
    }
    group += run;
  }
  return { start, length };
}

function groupAt(bytes: Buffer, at: number, group: number): number {
  return ((bytes[at + 2 * group] ?? 0) << 8) | (bytes[at + 2 * group + 1] ?? 0);
}
