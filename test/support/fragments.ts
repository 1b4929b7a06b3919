import { ipv4, ipv6, u16, u32, u8 } from './frames.js';

/** Fragments of IP datagrams, written by the book. */

export interface Piece {
  /** In bytes; a multiple of 8. */
  readonly offset: number;
  readonly content: Buffer;
  readonly isLast: boolean;
}

interface Ends {
  readonly source?: string;
  readonly destination?: string;
}

/** Cuts a datagram's content at these offsets, which are multiples of 8 within it. */
export function piecesOf(content: Buffer, cuts: readonly number[]): Piece[] {
  const offsets = [0, ...cuts];
  return offsets.map((offset, index) => ({
    offset,
    content: content.subarray(offset, offsets[index + 1] ?? content.length),
    isLast: index === cuts.length,
  }));
}

export function fragment4(
  { offset, content, isLast }: Piece,
  { id = 77, protocol = 17, ...ends }: { id?: number; protocol?: number } & Ends = {},
): Buffer {
  return ipv4(protocol, content, { ...ends, id, fragment: (isLast ? 0 : 0x2000) | (offset / 8) });
}

export function fragment6(
  { offset, content, isLast }: Piece,
  { id = 77, protocol = 17, ...ends }: { id?: number; protocol?: number } & Ends = {},
): Buffer {
  const header = Buffer.concat([u8(protocol, 0), u16(offset | (isLast ? 0 : 1)), u32(id)]);
  return ipv6(44, Buffer.concat([header, content]), ends);
}
