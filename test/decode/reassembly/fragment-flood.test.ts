import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeWhole } from '#kcap/decode/reassembly/decode-whole.js';
import { Reassembler } from '#kcap/decode/reassembly/reassembler.js';
import { RECORD_HEADER_BYTES } from '#kcap/packet/record.js';

import { batchOf } from '../../packet/packets.js';
import { assertFlat } from '../../support/assert-flat.js';
import { fragment4, fragment6, piecesOf } from '../../support/fragments.js';
import { ethernet, udp } from '../../support/frames.js';
import { random32 } from '../../support/random32.js';
import { assertBalanced } from './reassembling.js';

const FLOOD = 1_000_000;
const WHOLE = udp([5060, 5060], Buffer.alloc(2000, 'x'));
const PIECES = piecesOf(WHOLE, [1480]);
const [FIRST, LAST] = PIECES.map((piece) => ethernet(0x0800, fragment4(piece)));

/** Decodes one batch over and over, changed before each time. */
function flood(
  reassembler: Reassembler,
  frames: readonly Buffer[],
  rounds: number,
  change: (bytes: Buffer, round: number) => void,
): number {
  const batch = batchOf(frames.map((frame) => ({ seconds: 1_700_000_000, fraction: 0, frame })));
  const cursor = new PacketCursor();
  let decoded = 0;
  for (let round = 0; round < rounds; round++) {
    change(batch.bytes, round);
    cursor.begin(batch);
    while (cursor.next()) if (decodeWhole(cursor, reassembler)) decoded++;
  }
  assertBalanced(reassembler);
  return decoded;
}

describe('a flood of fragments', () => {
  test('of a million first fragments takes no more memory than some, and a datagram still passes', async () => {
    assert.ok(FIRST && LAST);
    const reassembler = new Reassembler();
    const idAt = RECORD_HEADER_BYTES + 14 + 4;
    const sourceAt = RECORD_HEADER_BYTES + 14 + 12;
    await assertFlat(() => {
      flood(reassembler, [FIRST], FLOOD, (bytes, round) => {
        bytes.writeUInt16BE(round & 0xffff, idAt);
        bytes.writeUInt32BE(round, sourceAt);
      });
    });
    assert.ok(reassembler.evicted > 2 * FLOOD - 5000, String(reassembler.evicted));
    assert.ok(reassembler.fragmentsHeld <= 4096);
    assert.equal(
      flood(reassembler, [FIRST, LAST], 1, () => undefined),
      1,
    );
  });

  test('of random headers and lengths throws nothing and leaves no fragment uncounted', async () => {
    const random = random32(42);
    const reassembler = new Reassembler({ datagrams: 64, bytes: 256 * 1024 });
    const frames = [
      ...PIECES.map((piece) => ethernet(0x0800, fragment4(piece))),
      ...PIECES.map((piece) => ethernet(0x86dd, fragment6(piece))),
    ];
    await assertFlat(() => {
      flood(reassembler, frames, 50_000, (bytes) => {
        let at = 0;
        for (const frame of frames) {
          // Within the IP headers, but for their versions and most of the time.
          const ipAt = at + RECORD_HEADER_BYTES + 14;
          const isIpv4 = frame[12] === 0x08;
          const fragmentAt = ipAt + (isIpv4 ? 6 : 42);
          // Now and then what it was: some datagrams become whole.
          const field = frame.readUInt16BE(14 + (isIpv4 ? 6 : 42));
          bytes.writeUInt16BE(
            random(2) === 0 ? field : random(isIpv4 ? 0x4000 : 0x10000),
            fragmentAt,
          );
          bytes.writeUInt16BE(random(4), ipAt + (isIpv4 ? 4 : 46));
          bytes.writeUInt16BE(
            random(2) === 0 ? random(2000) : frame.length - 14 - (isIpv4 ? 0 : 40),
            ipAt + (isIpv4 ? 2 : 4),
          );
          if (random(50) === 0) bytes[ipAt + random(40)] = random(256);
          at += RECORD_HEADER_BYTES + frame.length;
        }
      });
    });
    reassembler.finish();
    assertBalanced(reassembler);
    assert.equal(reassembler.fragmentsHeld, 0);
    assert.ok(reassembler.overlapping > 0 && reassembler.malformed > 0 && reassembler.cut > 0);
    assert.ok(reassembler.datagrams > 0);
  });
});
