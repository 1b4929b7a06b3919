/**
 * Which of a datagram's units of 8 bytes have come: a bit each, in 32-bit words from `base` on. Ranges are [from, to) in
 * units.
 */

/** Of the units of a word, those within a range. */
function maskOf(word: number, from: number, to: number): number {
  const first = Math.max(from - word * 32, 0);
  const end = Math.min(to - word * 32, 32);
  return (-1 << first) & (-1 >>> (32 - end));
}

export function isAnyCovered(bits: Int32Array, base: number, from: number, to: number): boolean {
  for (let word = from >> 5; word << 5 < to; word++)
    if (((bits[base + word] ?? 0) & maskOf(word, from, to)) !== 0) return true;
  return false;
}

export function areAllCovered(bits: Int32Array, base: number, from: number, to: number): boolean {
  for (let word = from >> 5; word << 5 < to; word++)
    if ((~(bits[base + word] ?? 0) & maskOf(word, from, to)) !== 0) return false;
  return true;
}

export function cover(bits: Int32Array, base: number, from: number, to: number): void {
  for (let word = from >> 5; word << 5 < to; word++)
    bits[base + word] = (bits[base + word] ?? 0) | maskOf(word, from, to);
}

/** Where the run of units ends that begins at `from` and is as covered as its first one; at most `to`. */
export function endOfRun(bits: Int32Array, base: number, from: number, to: number): number {
  const isCovered = isAnyCovered(bits, base, from, from + 1);
  let end = from + 1;
  while (end < to && isAnyCovered(bits, base, end, end + 1) === isCovered) end++;
  return end;
}
