import { isIPv4, isIPv6 } from 'node:net';

/** The bytes of an IP address, in network byte order: 4 or 16; undefined where the text is none. */
export function ipAddressBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const plain = text.replace(/^\[|\]$|%.*$/g, '');
  return isIPv6(plain) ? ipv6Bytes(plain) : undefined;
}

function ipv6Bytes(text: string): Buffer {
  // The last 32 bits may be written as IPv4 are.
  const tail = /[^:]*\.[^:]*$/.exec(text)?.[0];
  const [low3 = 0, low2 = 0, low1 = 0, low0 = 0] = tail?.split('.').map(Number) ?? [];
  const groups = tail
    ? `${text.slice(0, -tail.length)}${((low3 << 8) | low2).toString(16)}:${((low1 << 8) | low0).toString(16)}`
    : text;
  const [before = '', after] = groups.split('::');
  const head = numbers(before);
  const rest = after === undefined ? [] : numbers(after);
  const bytes = Buffer.alloc(16);
  head.forEach((group, index) => bytes.writeUInt16BE(group, 2 * index));
  rest.forEach((group, index) => bytes.writeUInt16BE(group, 16 - 2 * (rest.length - index)));
  return bytes;
}

function numbers(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
}
