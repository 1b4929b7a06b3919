/**
 * Bytes that have room for more behind the first ones: the same, or a larger copy of those.
 *
 * @param length how many hold something
 */
export function withRoom<Memory extends ArrayBufferLike>(
  bytes: Buffer<Memory>,
  length: number,
  more: number,
): Buffer<Memory | ArrayBuffer> {
  const needed = length + more;
  if (needed <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * bytes.length));
  bytes.copy(larger, 0, 0, length);
  return larger;
}
