import fc from 'fast-check';

/** Lengths at which something changes, for one format or the other. */
const LENGTHS = [
  0,
  1,
  4,
  11,
  12,
  16,
  28,
  32,
  0xffff,
  0x1_0000,
  // The longest record and block that kcap takes.
  128 * 1024 * 1024,
  128 * 1024 * 1024 + 4,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fffc,
  0xffff_ffff,
];

type Damage =
  | { readonly kind: 'bit'; readonly at: number; readonly bit: number }
  | { readonly kind: 'byte'; readonly at: number; readonly byte: number }
  | { readonly kind: 'length'; readonly at: number; readonly value: number; readonly big: boolean }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'moved'; readonly at: number; readonly bytes: number; readonly to: number }
  | { readonly kind: 'twice'; readonly at: number; readonly bytes: number }
  | { readonly kind: 'joined'; readonly at: number; readonly other: Buffer; readonly from: number };

/** Most fields, and all blocks of pcapng, are at multiples of 4 bytes. */
const anywhere = fc.oneof(
  fc.nat(),
  fc.nat({ max: 2 ** 28 }).map((number) => number * 4),
);

/** These files with one to four things wrong with each: bits, lengths, parts cut off, moved, repeated or of another. */
export function damaged(files: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const file = fc.constantFrom(...files);
  const damage: fc.Arbitrary<Damage> = fc.oneof(
    fc.record({ kind: fc.constant('bit' as const), at: anywhere, bit: fc.nat({ max: 7 }) }),
    fc.record({ kind: fc.constant('byte' as const), at: anywhere, byte: fc.nat({ max: 255 }) }),
    fc.record({
      kind: fc.constant('length' as const),
      at: anywhere,
      value: fc.oneof(fc.constantFrom(...LENGTHS), fc.nat({ max: 400 })),
      big: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('cut' as const), at: anywhere }),
    fc.record({
      kind: fc.constant('moved' as const),
      at: anywhere,
      bytes: fc.nat({ max: 200 }),
      to: anywhere,
    }),
    fc.record({
      kind: fc.constant('twice' as const),
      at: anywhere,
      bytes: fc.nat({ max: 200 }),
    }),
    fc.record({
      kind: fc.constant('joined' as const),
      at: anywhere,
      other: file,
      from: anywhere,
    }),
  );
  return fc
    .tuple(file, fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([bytes, damages]) => damages.reduce(withDamage, Buffer.from(bytes)));
}

/** Places are counted round and round: each is somewhere in the file. */
function withDamage(bytes: Buffer, damage: Damage): Buffer {
  const placeOf = (number: number): number => number % (bytes.length + 1);
  const at = placeOf(damage.at);
  const isIn = at < bytes.length;
  switch (damage.kind) {
    case 'bit':
      if (isIn) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << damage.bit), at);
      return bytes;
    case 'byte':
      if (isIn) bytes.writeUInt8(damage.byte, at);
      return bytes;
    case 'length':
      if (at + 4 > bytes.length) return bytes;
      if (damage.big) bytes.writeUInt32BE(damage.value, at);
      else bytes.writeUInt32LE(damage.value, at);
      return bytes;
    case 'cut':
      return bytes.subarray(0, at);
    case 'moved': {
      const moved = bytes.subarray(at, at + damage.bytes);
      const rest = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + damage.bytes)]);
      const to = damage.to % (rest.length + 1);
      return Buffer.concat([rest.subarray(0, to), moved, rest.subarray(to)]);
    }
    case 'twice':
      return Buffer.concat([bytes.subarray(0, at + damage.bytes), bytes.subarray(at)]);
    case 'joined':
      return Buffer.concat([
        bytes.subarray(0, at),
        damage.other.subarray(damage.from % (damage.other.length + 1)),
      ]);
  }
}
