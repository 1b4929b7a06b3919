import { hostname } from 'node:os';
import { usageError } from '../errors/user-error.js';

type Header = readonly [name: string, value: string];

/** What kcap itself says of a packet in headers: docs/wire-format.md. */
const OWN = ['pcap-linktype', 'pcap-origlen', 'pcap-nanos', 'pcap-packed'];

/** The headers that every message gets: what -H gives, and with --identify the host that sends it. */
export function messageHeaders(given: readonly string[], identify: boolean): Header[] {
  const host: Header[] = identify ? [['pcap-host', hostname()]] : [];
  return [...host, ...given.map(parseHeader)];
}

function parseHeader(text: string): Header {
  const equals = text.indexOf('=');
  if (equals < 1) throw usageError(`-H ${text}`, 'not NAME=VALUE', 'for example -H site=north');
  const name = text.slice(0, equals);
  if (OWN.includes(name))
    throw usageError(`-H ${text}`, `kcap sets ${name} itself`, 'choose another name');
  return [name, text.slice(equals + 1)];
}

/** Bytes of the names and values of a message's headers. */
export function headerBytes(headers: readonly (readonly [name: string, value: string])[]): number {
  return headers.reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}
