import assert from 'node:assert/strict';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeWhole } from '#kcap/decode/reassembly/decode-whole.js';
import type { Reassembler } from '#kcap/decode/reassembly/reassembler.js';
import type { Precision } from '#kcap/packet/packet-batch.js';

import { batchOf } from '../../packet/packets.js';

/** What a test sees of a packet that was decoded to its transport. */
export interface Decoded {
  readonly ports: readonly [source: number, destination: number];
  readonly source: string;
  readonly content: string;
}

export interface TimedPacket {
  /** Of Ethernet. */
  readonly frame: Buffer;
  /** In microseconds. */
  readonly time?: number;
  readonly originalLength?: number;
}

/** Decodes packets, each in a batch of its own, whose memory is overwritten afterwards. */
export function decodeAll(
  reassembler: Reassembler,
  packets: readonly (TimedPacket | Buffer)[],
  precision: Precision = 'micro',
): Decoded[] {
  const cursor = new PacketCursor();
  const all: Decoded[] = [];
  for (const packet of packets) {
    const { frame, time = 0, ...length } = Buffer.isBuffer(packet) ? { frame: packet } : packet;
    const seconds = Math.floor(time / 1_000_000);
    const fraction = (time % 1_000_000) * (precision === 'nano' ? 1000 : 1);
    const batch = batchOf([{ seconds, fraction, frame, ...length }], { precision });
    cursor.begin(batch);
    while (cursor.next()) if (decodeWhole(cursor, reassembler)) all.push(read(cursor));
    batch.bytes.fill(0xee);
    assertBalanced(reassembler);
  }
  return all;
}

function read(cursor: PacketCursor): Decoded {
  const { bytes, sourceAt, ipVersion } = cursor;
  return {
    ports: [cursor.sourcePort, cursor.destinationPort],
    source: bytes.toString('hex', sourceAt, sourceAt + (ipVersion === 4 ? 4 : 16)),
    content: bytes.toString('latin1', cursor.at, cursor.end),
  };
}

/** Each fragment is in one counter. */
export function assertBalanced(reassembler: Reassembler): void {
  const { fragmentsIn, datagrams, fragmentsMerged, fragmentsDropped, fragmentsHeld } = reassembler;
  assert.equal(fragmentsIn, datagrams + fragmentsMerged + fragmentsDropped + fragmentsHeld);
  assert.ok(fragmentsHeld >= 0);
}
