import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { packetsWithFate, underWay } from '#kcap/pipeline/account.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipReader } from '#kcap/sinks/sip-reader.js';

import { batchOf } from '../packet/packets.js';
import { Mutations } from '../protocols/mutations.js';
import { assertFlat } from '../support/assert-flat.js';
import { chunk, ethernet, ipv4, sctp, u16, u32 } from '../support/frames.js';
import { random32 } from '../support/random32.js';
import { sipRequest } from '../support/sip-packets.js';

const SECONDS = 1_700_000_000;
const FIRST = 2;
const LAST = 1;
const WHOLE = 3;
const UNORDERED = 4;

/** A data chunk. */
function data(tsn: number, flags: number, content: Buffer, stream = 0): Buffer {
  return chunk(0, flags, Buffer.concat([u32(tsn), u16(stream, 7), u32(0), content]));
}

const packet = (...chunks: readonly Buffer[]) =>
  ethernet(0x0800, ipv4(132, sctp([5060, 5060], ...chunks)));

/** The message in so many chunks, from this number on. */
function pieces(message: Buffer, count: number, tsn: number): Buffer[] {
  const size = Math.ceil(message.length / count);
  return Array.from({ length: count }, (_, index) =>
    data(
      (tsn + index) >>> 0,
      (index === 0 ? FIRST : 0) | (index === count - 1 ? LAST : 0),
      message.subarray(index * size, (index + 1) * size),
    ),
  );
}

function read(reader: SipReader, frames: readonly Buffer[], at = 0): string[] {
  const batch = new MessageBatch();
  const packets = frames.map((frame, fraction) => ({ seconds: SECONDS + at, fraction, frame }));
  reader.read(batchOf(packets), batch);
  return Array.from({ length: batch.count }, (_, index) => {
    batch.go(index);
    const { message, passage } = batch;
    return `${message.text(message.method)} ${message.text(message.callId)} ${passage.transport} ${passage.microseconds}`;
  });
}

function outcomes(reader: SipReader): Record<string, number> {
  const { in: taken, out, outcomes: settled } = reader.account();
  return {
    in: taken.packets,
    out: out.packets,
    ...Object.fromEntries([...settled].map(([id, { packets }]) => [id, packets])),
  };
}

const newReader = () => new SipReader({ filters: [], reassembles: true });
const ONE = sipRequest('BYE', 'one');
const LONG = sipRequest('MESSAGE', 'long', [`Subject: ${'x'.repeat(5000)}`]);

describe('SIP over SCTP', () => {
  test('is in whole data chunks, several in a packet', () => {
    const reader = newReader();
    const frame = packet(
      chunk(3, 0, Buffer.alloc(15)),
      data(1, WHOLE, ONE),
      data(2, FIRST, sipRequest('BYE', 'piece')),
      data(3, WHOLE | UNORDERED, sipRequest('BYE', 'two')),
    );
    assert.deepEqual(read(reader, [frame]), ['BYE one sctp 0', 'BYE two sctp 0']);
    reader.finish(new MessageBatch());
    assert.deepEqual(outcomes(reader), { in: 1, out: 1 });
  });

  test('is put together from several chunks, in whatever order, and across the end of numbers', () => {
    const random = random32(9);
    for (const tsn of [1, 0xffff_fffd])
      for (let round = 0; round < 20; round++) {
        const reader = newReader();
        const frames = pieces(LONG, 6, tsn).map((piece) => packet(piece));
        for (let index = frames.length - 1; index > 0; index--) {
          const other = random(index + 1);
          const [a, b] = [frames[index], frames[other]];
          assert.ok(a && b);
          [frames[index], frames[other]] = [b, a];
        }
        assert.deepEqual(read(reader, frames), ['MESSAGE long sctp 5']);
        assert.deepEqual(outcomes(reader), { in: 6, out: 6 });
      }
  });

  test('is once there, though chunks are sent again', () => {
    const reader = newReader();
    const [first, second, third] = pieces(LONG, 3, 10).map((piece) => packet(piece));
    assert.ok(first && second && third);
    const one = packet(data(13, WHOLE, ONE));
    const frames = [first, second, first, third, third, one, one];
    assert.deepEqual(read(reader, frames), ['MESSAGE long sctp 3', 'BYE one sctp 5']);
    assert.deepEqual(outcomes(reader), { in: 7, out: 4, 'no-sip': 3 });
  });

  test('of one message ends where the next begins, in one packet or in several', () => {
    const reader = newReader();
    const [a1, a2] = pieces(LONG, 2, 1);
    const [b1, b2] = pieces(ONE, 2, 3);
    assert.ok(a1 && a2 && b1 && b2);
    const found = read(reader, [packet(a1), packet(a2, b1), packet(b2)]);
    assert.deepEqual(found, ['MESSAGE long sctp 1', 'BYE one sctp 2']);
    assert.deepEqual(outcomes(reader), { in: 3, out: 3 });
  });

  test('is kept apart by verification tag', () => {
    const reader = newReader();
    const [first, last] = pieces(LONG, 2, 1).map((piece) => packet(piece));
    assert.ok(first && last);
    last.writeUInt32BE(0x0a0b_0c0d, 14 + 20 + 4);
    assert.deepEqual(read(reader, [first, last]), []);
    reader.finish(new MessageBatch());
    assert.deepEqual(outcomes(reader), { in: 2, out: 0, fragment: 2 });
  });

  test('is given up after 30 s by the time of packets', () => {
    const reader = newReader();
    const [first, last] = pieces(LONG, 2, 1).map((piece) => packet(piece));
    assert.ok(first && last);
    read(reader, [first]);
    assert.equal(underWay(reader.account()).packets, 1);
    assert.deepEqual(read(reader, [packet(data(9, WHOLE, ONE))], 31), ['BYE one sctp 0']);
    assert.deepEqual(read(reader, [last], 32), []);
    reader.finish(new MessageBatch());
    assert.deepEqual(outcomes(reader), { in: 3, out: 1, fragment: 2 });
  });

  test('takes no more memory than some: a flood of first pieces, and of pieces of no end', async () => {
    const reader = newReader();
    let tsn = 0;
    const flood = () => {
      for (let round = 0; round < 100; round++) {
        const frames = Array.from({ length: 100 }, () => {
          tsn++;
          return packet(data(2 * tsn, FIRST, LONG.subarray(0, 1000)), data(2 * tsn + 1, 0, ONE));
        });
        read(reader, frames);
      }
    };
    flood();
    await assertFlat(flood);
    assert.ok(underWay(reader.account()).packets <= 4096);
    reader.finish(new MessageBatch());
    const counted = outcomes(reader);
    assert.equal(counted['in'], counted['fragment']);
  });

  test('of 10,000 mutated packets is in one counter each, and nothing is thrown', () => {
    const mutations = new Mutations(4960);
    const reader = newReader();
    let found = 0;
    for (let round = 0; round < 100; round++) {
      const originals = [
        packet(data(100 * round + 1, WHOLE, ONE)),
        ...pieces(LONG, 3, 100 * round + 2).map((piece) => packet(piece)),
        packet(...pieces(ONE, 2, 100 * round + 5)),
      ];
      const frames = Array.from({ length: 100 }, () => mutations.next(originals));
      found += read(reader, frames, round).length;
    }
    reader.finish(new MessageBatch());
    const account = reader.account();
    assert.equal(account.in.packets, 10_000);
    assert.deepEqual(underWay(account), { packets: 0, bytes: 0 });
    assert.equal(account.out.packets + packetsWithFate(account, 'filtered'), 10_000);
    assert.equal(reader.found, found);
    assert.ok(found > 15, String(found));
  });
});
