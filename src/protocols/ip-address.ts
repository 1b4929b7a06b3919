import { isIPv4, isIPv6 } from 'node:net';

/** The bytes of an IP address, in network byte order: 4 or 16; undefined where the text is none. */
export function ipAddressBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const plain = text.replace(/^\[|\]$|%.*$/g, '');
  return isIPv6(plain) ? ipv6Bytes(plain) : undefined;
}

const [ZERO, NINE, DOT] = [0x30, 0x39, 0x2e];

/** An IPv4 address as an unsigned number of 32 bits; undefined where the text is none. */
export function ipv4Number(text: string): number | undefined {
  let number = 0;
  let parts = 0;
  for (let at = 0; at <= text.length; at++) {
    const first = at;
    let part = 0;
    let code = text.charCodeAt(at);
    while (code >= ZERO && code <= NINE && part < 256) {
      part = part * 10 + code - ZERO;
      code = text.charCodeAt(++at);
    }
    const hasZeros = at - first > 1 && text.charCodeAt(first) === ZERO;
    if (at === first || hasZeros || part > 255) return undefined;
    number = number * 256 + part;
    if (++parts === 4) return at === text.length ? number : undefined;
    if (code !== DOT) return undefined;
  }
  return undefined;
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
