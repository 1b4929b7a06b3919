import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeToTransport } from '#kcap/decode/decode-layer.js';
import { type Splitter, StreamEvent } from '#kcap/decode/stream/stream-event.js';
import { TcpStreams } from '#kcap/decode/stream/tcp-streams.js';
import { RECORD_HEADER_BYTES } from '#kcap/packet/record.js';

import { batchOf } from '../../packet/packets.js';
import { assertFlat } from '../../support/assert-flat.js';
import { random32 } from '../../support/random32.js';
import { frameOf, type Sent } from './streaming.js';

const FLOOD = 1_000_000;
const IP_AT = RECORD_HEADER_BYTES + 14;
const SOURCE_AT = IP_AT + 12;
const PORT_AT = IP_AT + 20;
const SEQUENCE_AT = IP_AT + 24;

class Counter implements Splitter {
  keptBytes = 0;
  bytes = 0;
}

/** Sends a segment over and over, changed before each time; counts the ends and checks what is handed on. */
function flood(
  streams: TcpStreams<Counter>,
  sent: Sent,
  rounds: number,
  change: (bytes: Buffer, round: number) => void,
): void {
  const batch = batchOf([{ seconds: 1_700_000_000, fraction: 0, frame: frameOf(sent) }]);
  const cursor = new PacketCursor();
  for (let round = 0; round < rounds; round++) {
    change(batch.bytes, round);
    cursor.begin(batch);
    assert.ok(cursor.next());
    if (decodeToTransport(cursor)) streams.add(cursor);
    for (let event = streams.next(); event !== StreamEvent.None; event = streams.next())
      if (event === StreamEvent.Bytes && streams.splitter)
        streams.splitter.bytes += streams.end - streams.start;
  }
}

describe('a flood of segments', () => {
  test('of a million SYNs makes no stream, and takes no memory', async () => {
    const streams = new TcpStreams(() => new Counter());
    flood(streams, { sequence: 1, content: 'quiet' }, 1, () => undefined);
    await assertFlat(() => {
      flood(streams, { sequence: 1, flags: 'S' }, FLOOD, (bytes, round) => {
        bytes.writeUInt32BE(round, SOURCE_AT);
      });
    });
    assert.deepEqual([streams.size, streams.evicted], [1, 0]);
  });

  test('of streams of one segment each keeps as many as it may', async () => {
    const streams = new TcpStreams(() => new Counter(), { streams: 1000 });
    await assertFlat(() => {
      flood(streams, { sequence: 1, content: 'x' }, FLOOD / 4, (bytes, round) => {
        bytes.writeUInt32BE(round, SOURCE_AT);
      });
    });
    assert.equal(streams.size, 1000);
    assert.ok(streams.evicted >= FLOOD / 2 - 2000);
  });

  test('of random numbers, flags and ports throws nothing, and comes to an end', async () => {
    const random = random32(7);
    const streams = new TcpStreams(() => new Counter(), {
      ...{ streams: 20, opened: 10, heldBytes: 0, keptBytes: 100 },
    });
    const content = 'z'.repeat(1400);
    await assertFlat(() => {
      flood(streams, { sequence: 1, content }, FLOOD / 4, (bytes) => {
        bytes.writeUInt16BE(random(30), PORT_AT);
        const spread = random(20) === 0 ? 0x1_0000_0000 : 300_000;
        bytes.writeUInt32BE(random(spread), SEQUENCE_AT);
        bytes[SEQUENCE_AT + 9] = random(20) === 0 ? random(256) : 0x10;
        bytes.writeUInt16BE(random(3) === 0 ? 40 + random(1400) : 1440, IP_AT + 2);
      });
    });
    streams.finish();
    while (streams.next() !== StreamEvent.None);
    assert.equal(streams.size, 0);
    assert.ok(streams.holes > 0 && streams.reordered > 0 && streams.duplicates > 0);
  });
});
