/** FNV-1a's hash of 64 bits of bytes [start, end), as hexadecimal digits without zeros before them. */
export function fnv1a64(bytes: Buffer, start: number, end: number): string {
  let high = 0xcbf2_9ce4;
  let low = 0x8422_2325;
  for (let at = start; at < end; at++) {
    low = (low ^ (bytes[at] ?? 0)) >>> 0;
    // Times 2^40 + 0x1b3, in halves of 32 bits: a product of 32 by 9 bits is exact.
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0');
}
