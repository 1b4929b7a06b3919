import type { ByteOrder } from '../pcap-file.js';

/**
 * pcapng, written by the book (draft-ietf-opsawg-pcapng) and not by kcap's own code. Malformed files are made by
 * cutting or changing the bytes.
 */

export interface Section {
  readonly kind: 'section';
  readonly byteOrder: ByteOrder;
  readonly major?: number;
}

export interface Interface {
  readonly kind: 'interface';
  readonly linkType: number;
  /** 0, which is no limit, where not given. */
  readonly snapLength?: number;
  readonly name?: string;
  /** if_tsresol: ticks per second as a power of ten or, from 128 on, of two; microseconds where not given. */
  readonly resolution?: number;
  /** if_tsoffset in seconds. */
  readonly offset?: bigint;
}

/** An Enhanced Packet Block, or the Packet Block that came before it. */
export interface TimedPacket {
  readonly kind: 'enhanced' | 'obsolete';
  readonly interfaceId: number;
  /** 64 bits of what the interface counts. */
  readonly ticks: bigint;
  readonly frame: Buffer;
  readonly originalLength?: number;
  readonly comment?: string;
}

export interface SimplePacket {
  readonly kind: 'simple';
  readonly frame: Buffer;
  readonly originalLength?: number;
}

/** A block of any other type, or one with a body of one's own. */
export interface OtherBlock {
  readonly kind: 'other';
  readonly type: number;
  readonly body: Buffer;
}

export type Block = Section | Interface | TimedPacket | SimplePacket | OtherBlock;

/** The bytes of these blocks; each section's byte order holds until the next one. */
export function pcapngFile(blocks: readonly Block[]): Buffer {
  let byteOrder: ByteOrder = 'little';
  return Buffer.concat(
    blocks.map((block) => {
      if (block.kind === 'section') byteOrder = block.byteOrder;
      return blockBytes(block, byteOrder);
    }),
  );
}

function blockBytes(block: Block, byteOrder: ByteOrder): Buffer {
  const write = writerOf(byteOrder);
  switch (block.kind) {
    case 'section':
      return framed(
        0x0a0d0d0a,
        [
          write.uint32(0x1a2b3c4d),
          write.uint16(block.major ?? 1),
          write.uint16(0),
          write.int64(-1n),
        ],
        write,
      );
    case 'interface':
      return framed(
        1,
        [
          write.uint16(block.linkType),
          write.uint16(0),
          write.uint32(block.snapLength ?? 0),
          ...optionsOf(block, write),
        ],
        write,
      );
    case 'enhanced':
      return framed(6, [write.uint32(block.interfaceId), ...timed(block, write)], write);
    case 'obsolete':
      // 0xffff: how many were dropped is not known.
      return framed(
        2,
        [write.uint16(block.interfaceId), write.uint16(0xffff), ...timed(block, write)],
        write,
      );
    case 'simple':
      return framed(
        3,
        [write.uint32(block.originalLength ?? block.frame.length), padded(block.frame)],
        write,
      );
    case 'other':
      return framed(block.type, [padded(block.body)], write);
  }
}

function timed({ ticks, frame, originalLength, comment }: TimedPacket, write: Writer): Buffer[] {
  return [
    write.uint32(Number(ticks >> 32n)),
    write.uint32(Number(ticks & 0xffff_ffffn)),
    write.uint32(frame.length),
    write.uint32(originalLength ?? frame.length),
    padded(frame),
    ...(comment === undefined ? [] : [option(1, Buffer.from(comment), write), END_OF_OPTIONS]),
  ];
}

const END_OF_OPTIONS = Buffer.alloc(4);

function optionsOf({ name, resolution, offset }: Interface, write: Writer): Buffer[] {
  const options = [
    ...(name === undefined ? [] : [option(2, Buffer.from(name), write)]),
    ...(resolution === undefined ? [] : [option(9, Buffer.from([resolution]), write)]),
    ...(offset === undefined ? [] : [option(14, write.int64(offset), write)]),
  ];
  return options.length === 0 ? [] : [...options, END_OF_OPTIONS];
}

function option(code: number, value: Buffer, write: Writer): Buffer {
  return Buffer.concat([write.uint16(code), write.uint16(value.length), padded(value)]);
}

/** A block's type and length before its body, the length once more after it. */
function framed(type: number, body: readonly Buffer[], write: Writer): Buffer {
  const length = write.uint32(12 + body.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([write.uint32(type), length, ...body, length]);
}

/** Up to a multiple of 4 bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

interface Writer {
  readonly uint16: (value: number) => Buffer;
  readonly uint32: (value: number) => Buffer;
  readonly int64: (value: bigint) => Buffer;
}

function writerOf(byteOrder: ByteOrder): Writer {
  const made = (bytes: number, write: (into: Buffer) => void): Buffer => {
    const buffer = Buffer.alloc(bytes);
    write(buffer);
    return byteOrder === 'little' ? buffer : buffer.reverse();
  };
  return {
    uint16: (value) => made(2, (into) => into.writeUInt16LE(value)),
    uint32: (value) => made(4, (into) => into.writeUInt32LE(value)),
    int64: (value) => made(8, (into) => into.writeBigInt64LE(value)),
  };
}
