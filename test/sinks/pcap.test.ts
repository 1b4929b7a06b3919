import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import type { Link, PacketBatch } from '#kcap/packet/packet-batch.js';
import { UserError } from '#kcap/errors/user-error.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { type ByteOutput, openFile } from '#kcap/files/byte-output.js';
import { PcapSink } from '#kcap/sinks/pcap.js';
import { PcapngSink } from '#kcap/sinks/pcapng.js';

import { batchOf, HOST_ORDER, numbered, originOf } from '../packet/packets.js';
import { HandWrittenSource } from '../pipeline/hand-written.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { type PcapPacket, readPcap } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { KeptOutput } from '#support/files/kept-output.js';
import { namedPipe, readToEnd } from '#support/files/reader.js';
import { packetRun, summaryOf } from '../pipeline/ends.js';
import { endsOf } from '../pipeline/ends.js';

const NEVER = new AbortController().signal;
const LINUX_SLL = 113;

testsOfSink('a pcap file', {
  make: async (t) => {
    const file = path.join(await tempFolder(t), 'out.pcap');
    const sink = new PcapSink(await openFile(file, NEVER));
    t.after(() => sink.close());
    return { sink, out: async () => readPcap(await readFile(file)).packets };
  },
  seen: (packet) => packet,
});

testsOfSink('a pcap stream in a pipe', {
  make: async (t) => {
    const pipe = await namedPipe(t);
    const read = readToEnd(pipe);
    const sink = new PcapSink(await openFile(pipe, NEVER));
    t.after(() => sink.close());
    return {
      sink,
      out: async () => {
        await sink.close();
        return readPcap(await read).packets;
      },
    };
  },
  seen: (packet) => packet,
});

describe('a pcap stream', () => {
  const firsts: Partial<Link>[] = [
    { linkType: 1, precision: 'micro', snapLength: 262_144 },
    { linkType: LINUX_SLL, precision: 'micro', snapLength: 96 },
    { linkType: 276, precision: 'nano', snapLength: 65_535 },
  ];
  for (const link of firsts) {
    test(`begins with the link of its first packet: ${Object.values(link).join(', ')}`, async () => {
      const output = new KeptOutput();
      const sink = new PcapSink(output);
      await sink.write(batchOf(numbered(2), link), NEVER);
      assert.deepEqual(readPcap(output.bytes), {
        // tcpdump refuses records longer than the header's snapshot length, so that is never smaller.
        header: { ...link, snapLength: 262_144, byteOrder: HOST_ORDER },
        packets: numbered(2),
      });
    });
  }

  test('begins at once where the link type is known', async () => {
    const output = new KeptOutput();
    await new PcapSink(output).begin(NEVER, { linkType: LINUX_SLL });
    assert.deepEqual(readPcap(output.bytes).header, {
      precision: 'micro',
      byteOrder: HOST_ORDER,
      snapLength: 262_144,
      linkType: LINUX_SLL,
    });
  });

  test('begins once', async () => {
    const output = new KeptOutput();
    const sink = new PcapSink(output);
    await sink.begin(NEVER, { linkType: 1 });
    await sink.write(batchOf(numbered(1)), NEVER);
    await sink.flush(NEVER);
    assert.deepEqual(readPcap(output.bytes).packets, numbered(1));
  });

  test('without a packet is a header', async () => {
    const output = new KeptOutput();
    const sink = new PcapSink(output);
    assert.equal(output.writes, 0);
    await sink.flush(NEVER);
    const { header, packets } = readPcap(output.bytes);
    assert.deepEqual([header.linkType, header.precision, packets], [1, 'micro', []]);
  });

  test('is written with a batch at a time', async () => {
    const output = new KeptOutput();
    const sink = new PcapSink(output);
    await sink.begin(NEVER, { linkType: 1 });
    await sink.write(batchOf(numbered(1000)), NEVER);
    assert.equal(output.writes, 2);
  });

  test('has room for one link type: packets of others are counted', async () => {
    const output = new KeptOutput();
    const sink = new PcapSink(output);
    await sink.write(batchOf(numbered(1)), NEVER);
    await sink.write(batchOf(numbered(3), { linkType: LINUX_SLL }), NEVER);
    await sink.write(batchOf(numbered(1, { first: 1 })), NEVER);
    assert.deepEqual(readPcap(output.bytes).packets, numbered(2));
    assert.deepEqual(endsOf(sink), { out: 2, bytesOut: 121, ended: { 'other-link-type': 3 } });
  });

  test('counts the times that it had to round, unless it was asked to', async () => {
    const times = [5000, 1_000_001, 999_999_999].map((fraction) => ({
      seconds: 1,
      fraction,
      frame: Buffer.alloc(1),
    }));
    const write = async (sink: PcapSink) => {
      await sink.write(batchOf(numbered(1)), NEVER);
      await sink.write(batchOf(times, { precision: 'nano' }), NEVER);
      return sink.account().beside.rounded_times;
    };
    assert.equal(await write(new PcapSink(new KeptOutput())), 2);
    assert.equal(await write(new PcapSink(new KeptOutput(), 'micro')), 0);
    assert.equal(await write(new PcapSink(new KeptOutput(), 'nano')), 0);
  });

  test('has the precision that it was asked for, whatever the packets have', async () => {
    for (const precision of ['micro', 'nano'] as const) {
      const output = new KeptOutput();
      const sink = new PcapSink(output, precision);
      await sink.begin(NEVER, { linkType: 1 });
      await sink.write(batchOf(numbered(1), { precision: 'nano' }), NEVER);
      assert.equal(readPcap(output.bytes).header.precision, precision);
    }
  });

  test('has the precision that it began with, whatever comes later', async () => {
    const packet = (fraction: number): Required<PcapPacket> => ({
      seconds: 1,
      fraction,
      frame: Buffer.alloc(1),
      originalLength: 1,
    });
    const cases = [
      { begin: 'micro', later: 'nano', fraction: 123_456_789, expected: 123_456 },
      { begin: 'nano', later: 'micro', fraction: 123_456, expected: 123_456_000 },
    ] as const;
    for (const { begin, later, fraction, expected } of cases) {
      const output = new KeptOutput();
      const sink = new PcapSink(output);
      await sink.write(batchOf([packet(7)], { precision: begin }), NEVER);
      await sink.write(batchOf([packet(fraction)], { precision: later }), NEVER);
      assert.deepEqual(readPcap(output.bytes).packets, [packet(7), packet(expected)]);
    }
  });

  test('leaves out what is too long for libpcap, and counts it', async () => {
    const output = new KeptOutput();
    const sink = new PcapSink(output);
    await sink.write(withTooLong(), NEVER);
    assert.deepEqual(
      readPcap(output.bytes).packets.map(({ frame }) => frame.length),
      [60, 262_144, 61],
    );
    const { out, bytesOut, ended } = endsOf(sink);
    assert.deepEqual([out, bytesOut], [3, 60 + 262_144 + 61]);
    assert.deepEqual(ended, { 'too-long-for-pcap': 2 });
  });

  const longer: [name: string, linkType: number, most: number][] = [
    ['USBPcap', 249, 1024 * 1024],
    ['EBHSCR', 279, 8 * 1024 * 1024],
  ];
  for (const [name, linkType, most] of longer)
    test(`of ${name} has room for longer ones, and tells tcpdump so`, async (t) => {
      const file = path.join(await tempFolder(t), 'out.pcap');
      const sink = new PcapSink(await openFile(file, NEVER));
      t.after(() => sink.close());
      const packets = [most, most + 1].map((bytes) => ({
        seconds: 1,
        fraction: 2,
        frame: Buffer.alloc(bytes),
      }));
      await sink.write(batchOf(packets, { linkType, snapLength: most + 1 }), NEVER);
      assert.deepEqual([endsOf(sink).out, endsOf(sink).bytesOut], [1, most]);
      assert.equal(await runCommand('tcpdump', '--count', '-r', file), '1 packet\n');
    });
});

describe('a pcap stream whose reader leaves', () => {
  // A header of 24 bytes, then records of 76, 77 and 78.
  const cases: [room: number, packets: number, bytes: number][] = [
    [0, 0, 0],
    [23, 0, 0],
    [24, 0, 0],
    [24 + 75, 0, 0],
    [24 + 76, 1, 60],
    [24 + 76 + 76, 1, 60],
    [24 + 76 + 77, 2, 121],
    [24 + 76 + 77 + 77, 2, 121],
  ];
  for (const [room, packets, bytes] of cases) {
    test(`after ${room} bytes has got ${packets} whole packet(s)`, async () => {
      const sink = new PcapSink(new KeptOutput({ room }));
      await assert.rejects(sink.write(batchOf(numbered(3)), NEVER), (error) => {
        assert.ok(error instanceof ReaderLeft, String(error));
        assert.equal(error.packetsHandled, packets);
        return true;
      });
      const { out, bytesOut } = endsOf(sink);
      assert.deepEqual([out, bytesOut], [packets, bytes]);
    });
  }

  test('leaves an account that adds up, also where packets were too long', async () => {
    // Room for the first packet and the beginning of the next one that fits.
    const sink = new PcapSink(new KeptOutput({ room: 24 + 76 + 1000 }));
    const run = packetRun(new HandWrittenSource([], [withTooLong()]), [], sink);
    await run.run(new Stop(0));
    const { packets_in, packets_out, packets_skipped, packets_failed } = summaryOf(run);
    assert.equal(packets_in, packets_out + packets_skipped + packets_failed);
    assert.equal(packets_out, 1);
  });

  const orders: [order: string, room: number, acknowledged: string, counted: number[]][] = [
    // How much of the packets that fit there is room for; packets in, out and skipped.
    ['long, A, B', 76, '0:12', [2, 1, 1]],
    ['long, A, B', 75, '0:11', [1, 0, 1]],
    ['A, long, B', 76, '0:12', [2, 1, 1]],
    ['A, B, long', 76, '0:11', [1, 1, 0]],
  ];
  for (const [order, room, acknowledged, counted] of orders)
    test(`acknowledges what came before the first packet that was not written: ${order}`, async () => {
      const [frame, other] = [numbered(1), numbered(1)];
      const long = numbered(1, { bytes: 262_145 });
      const packets = order
        .split(', ')
        .flatMap((name) => ({ long, A: frame, B: other })[name] ?? []);
      const origin = originOf([
        [0, 10],
        [0, 11],
        [0, 12],
      ]);
      const diary: string[] = [];
      const source = new HandWrittenSource(diary, [
        batchOf(packets, { snapLength: 300_000, origin }),
      ]);
      const run = packetRun(source, [], new PcapSink(new KeptOutput({ room: 24 + room })));
      await run.run(new Stop(0));
      assert.ok(diary.includes(`acknowledge ${acknowledged}`), diary.join('\n'));
      const { packets_in, packets_out, packets_skipped } = summaryOf(run);
      assert.deepEqual([packets_in, packets_out, packets_skipped], counted);
    });

  test('before its header is no error', async () => {
    const sink = new PcapSink(new KeptOutput({ room: 0 }));
    await assert.rejects(sink.flush(NEVER), (error) => error instanceof ReaderLeft);
  });
});

describe('a pcap stream that cannot be written', () => {
  const diskFull = new UserError('write out.pcap', 'ENOSPC: no space left on device');

  test('says so, and counts nothing', async () => {
    const sink = new PcapSink(new KeptOutput({ error: diskFull }));
    await assert.rejects(sink.write(batchOf(numbered(3)), NEVER), diskFull);
    assert.equal(endsOf(sink).out, 0);
  });

  test('fails the run, and counts and acknowledges what went out before', async () => {
    const origin = originOf([
      [0, 10],
      [0, 11],
    ]);
    for (const make of [
      (output: ByteOutput) => new PcapSink(output),
      (output: ByteOutput) => new PcapngSink(output, 'kcap'),
    ]) {
      const begun = new KeptOutput();
      await make(begun).write(batchOf(numbered(1)), NEVER);
      const diary: string[] = [];
      const source = new HandWrittenSource(diary, [batchOf(numbered(2), { origin })]);
      const output = new KeptOutput({ room: begun.bytes.length + 5, fillsUp: true });
      const run = packetRun(source, [], make(output));
      await assert.rejects(run.run(new Stop(0)), {
        message: 'write out: ENOSPC: no space left on device',
      });
      assert.ok(diary.includes('acknowledge 0:11'), diary.join('\n'));
      const { packets_in, packets_out } = summaryOf(run);
      assert.deepEqual([packets_in, packets_out], [1, 1]);
    }
  });

  test('says so at its header', async () => {
    await assert.rejects(
      new PcapSink(new KeptOutput({ error: diskFull })).begin(NEVER, { linkType: 1 }),
      diskFull,
    );
  });
});

/** Two packets that no pcap file may hold, in between and after others of which one is just as long as it may be. */
function withTooLong(): PacketBatch {
  return batchOf(
    [
      ...numbered(1),
      ...numbered(1, { bytes: 262_145 }),
      ...numbered(1, { bytes: 262_144 }),
      ...numbered(1, { first: 1 }),
      ...numbered(1, { bytes: 300_000 }),
    ],
    { snapLength: 300_000 },
  );
}
