import { uint16, uint24, uint8 } from '../../protocols/network-order.js';
import type { Line } from './line.js';
import type { Printing } from './printing.js';

const RECORD_BYTES = 5;
const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const PROTOCOLS = 16;
const VERSIONS = 43;
const VERSION_NAMES: Readonly<Record<number, string>> = {
  0x0300: 'SSL 3.0',
  0x0301: 'TLS 1.0',
  0x0302: 'TLS 1.1',
  0x0303: 'TLS 1.2',
  0x0304: 'TLS 1.3',
};

/** Whether a TLS stream begins here: a handshake record with a client's hello. */
export function isClientHello(bytes: Buffer, at: number, end: number): boolean {
  return (
    end - at >= RECORD_BYTES + 6 &&
    uint8(bytes, at) === HANDSHAKE &&
    uint8(bytes, at + 1) === 3 &&
    uint8(bytes, at + RECORD_BYTES) === CLIENT_HELLO &&
    uint8(bytes, at + RECORD_BYTES + 4) === 3
  );
}

/** The name of the server that a client asks for (RFC 6066); with more to be said, the versions and protocols, too. */
export function printClientHello({ line, cursor, verbose }: Printing): void {
  const { bytes, at, end } = cursor;
  line.text(': TLS client hello');
  const hello = at + RECORD_BYTES + 4;
  const helloEnd = Math.min(end, hello + uint24(bytes, at + RECORD_BYTES + 1));
  const extensions = extensionsOf(bytes, hello, helloEnd);
  if (extensions === -1) {
    line.cut('tls');
    return;
  }
  const name = find(bytes, extensions, helloEnd, SERVER_NAME);
  if (name !== -1) printServerName(line, bytes, name, helloEnd);
  if (verbose) {
    const versions = find(bytes, extensions, helloEnd, VERSIONS);
    const version = versions === -1 ? uint16(bytes, hello) : newest(bytes, versions, helloEnd);
    line.text(', ');
    line.text(VERSION_NAMES[version] ?? 'unknown version');
    const protocols = find(bytes, extensions, helloEnd, PROTOCOLS);
    if (protocols !== -1) printProtocols(line, bytes, protocols, helloEnd);
  }
  if (end < cursor.wireEnd && helloEnd === end && name === -1) line.cut('tls');
}

/** Where the extensions begin; -1 where the packet ends before it. */
function extensionsOf(bytes: Buffer, hello: number, end: number): number {
  let at = hello + 34;
  if (at >= end) return -1;
  at += 1 + uint8(bytes, at); // session
  if (at + 2 > end) return -1;
  at += 2 + uint16(bytes, at); // cipher suites
  if (at >= end) return -1;
  at += 1 + uint8(bytes, at); // compression
  return at + 2 > end ? -1 : at + 2;
}

/** Where the content of an extension begins; -1 where it is not there, or not all of it. */
function find(bytes: Buffer, first: number, end: number, type: number): number {
  for (let at = first; at + 4 <= end;) {
    const length = uint16(bytes, at + 2);
    if (uint16(bytes, at) === type) return at + 4 + length <= end ? at + 4 : -1;
    at += 4 + length;
  }
  return -1;
}

function printServerName(line: Line, bytes: Buffer, at: number, end: number): void {
  // A list, whose entries have a type, 0 for a host, and a length.
  const nameAt = at + 5;
  if (uint16(bytes, at - 2) < 5 || uint8(bytes, at + 2) !== 0) return;
  line.text(', server ');
  line.escaped(
    bytes,
    nameAt,
    Math.min(nameAt + uint16(bytes, at + 3), at + uint16(bytes, at - 2), end),
  );
}

/** Of a client's list, without the values that only keep servers from relying on what they know (RFC 8701). */
function newest(bytes: Buffer, at: number, end: number): number {
  const last = Math.min(end, at + 1 + uint8(bytes, at));
  let version = 0;
  for (let i = at + 1; i + 2 <= last; i += 2) {
    const offered = uint16(bytes, i);
    if (VERSION_NAMES[offered] !== undefined && offered > version) version = offered;
  }
  return version;
}

function printProtocols(line: Line, bytes: Buffer, at: number, end: number): void {
  const last = Math.min(end, at + 2 + uint16(bytes, at));
  line.text(', protocols');
  for (let i = at + 2; i < last;) {
    const length = uint8(bytes, i);
    line.space();
    line.escaped(bytes, i + 1, Math.min(i + 1 + length, last));
    i += 1 + length;
  }
}
