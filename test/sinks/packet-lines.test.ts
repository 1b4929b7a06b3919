import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { openFile, WriteFailed } from '#kcap/files/byte-output.js';
import { PartlyWritten, ReaderLeft } from '#kcap/pipeline/contracts.js';
import { PacketLinesSink } from '#kcap/sinks/packet-lines.js';
import { KeptOutput } from '#support/files/kept-output.js';

import { batchOf } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { ethernet, ipv4, udp } from '../support/frames.js';
import { tempFolder } from '../support/temp-folder.js';

process.env['TZ'] = 'UTC';

/* oxlint-disable no-control-regex -- colours are made of them */

const NEVER = new AbortController().signal;
const PLAIN = { verbose: false, dump: 'none', colours: false } as const;

const two = (value: number) => String(value).padStart(2, '0');

testsOfSink('packets as lines', {
  make: async (t) => {
    const file = path.join(await tempFolder(t), 'lines');
    const sink = new PacketLinesSink(await openFile(file, NEVER), PLAIN);
    t.after(() => sink.close());
    const out = async () =>
      (await readFile(file, 'utf8'))
        .split(/\n(?=\d\d:\d\d:\d\d\.)|\n$/)
        .filter(Boolean)
        .map((line) => line.slice(0, 15));
    return { sink, out };
  },
  // Their frames are noise: the time tells which it is.
  seen: ({ seconds, fraction }) => {
    const date = new Date(seconds * 1000);
    const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      .map(two)
      .join(':');
    return `${clock}.${String(fraction).padStart(6, '0')}`;
  },
});

const PACKETS = [1, 2, 3].map((port) => ({
  seconds: 0,
  fraction: port,
  frame: ethernet(0x0800, ipv4(17, udp([port, 9], Buffer.from('hello')))),
}));
const LINE_BYTES = '00:00:00.000001 IP 192.0.2.1.1 > 198.51.100.2.9: UDP, length 5\n'.length;

describe('the lines of packets', () => {
  test('are written with one write a batch', async () => {
    const output = new KeptOutput();
    const sink = new PacketLinesSink(output, PLAIN);
    await sink.write(batchOf(PACKETS), NEVER);
    await sink.write(batchOf(PACKETS), NEVER);
    assert.equal(output.writes, 2);
    assert.equal(output.lines.length, 6);
    assert.equal(output.lines[4], '00:00:00.000002 IP 192.0.2.1.2 > 198.51.100.2.9: UDP, length 5');
  });

  test('count as out as far as they were read whole when the reader leaves', async () => {
    for (const [room, out] of [
      [LINE_BYTES * 2 - 1, 1],
      [LINE_BYTES * 2, 2],
      [0, 0],
    ] as const) {
      const sink = new PacketLinesSink(new KeptOutput({ room }), PLAIN);
      await assert.rejects(
        sink.write(batchOf(PACKETS), NEVER),
        (error) => error instanceof ReaderLeft && error.packetsHandled === out,
      );
      assert.equal(endsOf(sink).out, out);
    }
  });

  test('fail the run on a full disk, with what was written counted', async () => {
    const sink = new PacketLinesSink(new KeptOutput({ room: LINE_BYTES, fillsUp: true }), PLAIN);
    await assert.rejects(
      sink.write(batchOf(PACKETS), NEVER),
      (error) =>
        error instanceof PartlyWritten &&
        error.failure instanceof WriteFailed &&
        error.packetsHandled === 1,
    );
    assert.equal(endsOf(sink).out, 1);
  });

  test('are coloured where they are for a terminal, and nowhere else', async () => {
    const lines = await Promise.all(
      [true, false].map(async (colours) => {
        const output = new KeptOutput();
        await new PacketLinesSink(output, { ...PLAIN, colours }).write(batchOf(PACKETS), NEVER);
        return output.lines[0] ?? '';
      }),
    );
    assert.match(lines[0] ?? '', /^\x1b\[2m00:00:00\.000001\x1b\[0m IP /);
    assert.doesNotMatch(lines[1] ?? '', /\x1b/);
    assert.equal((lines[0] ?? '').replaceAll(/\x1b\[\d+m/g, ''), lines[1]);
  });

  test('are followed by the bytes, as -x and -X of tcpdump have them', async () => {
    const shown = async (dump: 'hex' | 'hex-ascii') => {
      const output = new KeptOutput();
      await new PacketLinesSink(output, { ...PLAIN, dump }).write(
        batchOf(PACKETS.slice(0, 1)),
        NEVER,
      );
      return output.lines.slice(1);
    };
    assert.deepEqual(await shown('hex'), [
      '\t0x0000:  4500 0021 0001 4000 4011 4e94 c000 0201',
      '\t0x0010:  c633 6402 0001 0009 000d cfc0 6865 6c6c',
      '\t0x0020:  6f',
    ]);
    assert.deepEqual(await shown('hex-ascii'), [
      '\t0x0000:  4500 0021 0001 4000 4011 4e94 c000 0201  E..!..@.@.N.....',
      '\t0x0010:  c633 6402 0001 0009 000d cfc0 6865 6c6c  .3d.........hell',
      '\t0x0020:  6f                                       o',
    ]);
  });
});
