import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { Link } from '#kcap/packet/packet-batch.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import { openFile } from '#kcap/files/byte-output.js';
import { PcapngSink } from '#kcap/sinks/pcapng.js';

import { batchOf, LINK, numbered } from '../packet/packets.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { readPcapng } from '../support/captures/pcapng-read.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { KeptOutput } from '#support/files/kept-output.js';
import { endsOf } from '../pipeline/ends.js';

const NEVER = new AbortController().signal;

async function newFile(t: TestContext): Promise<{ sink: PcapngSink; file: string }> {
  const file = path.join(await tempFolder(t), 'out.pcapng');
  const sink = new PcapngSink(await openFile(file, NEVER), 'kcap of the test');
  t.after(() => sink.close());
  return { sink, file };
}

/** What Wireshark's reader finds in a file, a row a packet. */
async function fields(file: string, ...names: string[]): Promise<string[][]> {
  const asked = names.flatMap((name) => ['-e', name]);
  const text = await runCommand('tshark', '-r', file, '-T', 'fields', ...asked);
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
}

describe('a pcapng file', () => {
  const times: [link: Partial<Link>, seconds: number, fraction: number, text: string][] = [
    [{ precision: 'micro' }, 1_700_000_000, 123_456, '1700000000.123456000'],
    [{ precision: 'nano' }, 1_700_000_000, 123_456_789, '1700000000.123456789'],
    [{ precision: 'nano' }, 0xffff_ffff, 999_999_999, '4294967295.999999999'],
    [{ precision: 'nano' }, 0, 0, '0.000000000'],
    [{ precision: 'micro' }, 0xffff_ffff, 999_999, '4294967295.999999000'],
  ];
  for (const [link, seconds, fraction, text] of times)
    test(`holds the time ${text}`, async (t) => {
      const { sink, file } = await newFile(t);
      const frame = Buffer.alloc(61, 1);
      await sink.write(batchOf([{ seconds, fraction, frame, originalLength: 99 }], link), NEVER);
      await sink.flush(NEVER);
      assert.deepEqual(await fields(file, 'frame.time_epoch', 'frame.cap_len', 'frame.len'), [
        [text, '61', '99'],
      ]);
    });

  test('has an interface for each link type, precision, name and host', async (t) => {
    const { sink, file } = await newFile(t);
    const links: Partial<Link>[] = [
      { interface: 'eth0', host: 'north' },
      { interface: 'eth0', host: 'south' },
      { interface: 'eth1', host: 'south' },
      { interface: 'eth0', host: 'north', precision: 'nano' },
      { linkType: 113 },
      { interface: 'eth0', host: 'north' },
    ];
    for (const link of links) await sink.write(batchOf(numbered(1), link), NEVER);
    await sink.flush(NEVER);
    const names = ['frame.interface_id', 'frame.interface_name', 'frame.interface_description'];
    assert.deepEqual(await fields(file, ...names, 'frame.encap_type'), [
      ['0', 'eth0', 'north', '1'],
      ['1', 'eth0', 'south', '1'],
      ['2', 'eth1', 'south', '1'],
      ['3', 'eth0', 'north', '1'],
      ['4', 'unknown', '', '25'], // Wireshark's word
      ['0', 'eth0', 'north', '1'],
    ]);
  });

  test('has at most 10,000 interfaces with names; packets of further ones are counted', async (t) => {
    const { sink, file } = await newFile(t);
    const write = (host: string, more: Partial<Link> = {}) =>
      sink.write(batchOf(numbered(1), { host, interface: 'eth0', ...more }), NEVER);
    for (let number = 0; number < 10_000; number++) await write(`host${number}`);
    assert.equal(sink.account().beside.lost_names, 0);
    for (let number = 0; number < 20; number++) await write(`further${number}`);
    await write('further', { linkType: 113 });
    await write('host9999');
    await sink.flush(NEVER);
    assert.equal(sink.account().beside.lost_names, 21);
    assert.deepEqual(
      (await readPcapng(file)).slice(-4).map(({ linkType, interface: name }) => [linkType, name]),
      [
        [1, undefined],
        [1, undefined],
        [113, undefined],
        [1, 'eth0'],
      ],
    );
    assert.match(await runCommand('capinfos', file), /Number of interfaces in file: 10002\n/);
  });

  test('has at most a million characters of names', async () => {
    const sink = new PcapngSink(new KeptOutput(), 'kcap');
    for (let number = 0; number < 1100; number++)
      await sink.write(batchOf(numbered(1), { host: String(number).padStart(1024) }), NEVER);
    assert.equal(sink.account().beside.lost_names, 1100 - 1024);
  });

  test('says who wrote it and how many packets came from each interface', async (t) => {
    const { sink, file } = await newFile(t);
    await sink.write(batchOf(numbered(7)), NEVER);
    await sink.flush(NEVER);
    const said = await runCommand('capinfos', file);
    assert.match(said, /File type: *Wireshark\/\.\.\. - pcapng/);
    assert.match(said, /Capture application: *kcap of the test/);
    assert.match(said, /Number of stat entries = 1/);
    assert.match(said, /Number of packets = 7/);
  });

  test('of no packets is one all the same', async (t) => {
    const { sink, file } = await newFile(t);
    await sink.flush(NEVER);
    assert.match(await runCommand('capinfos', '-c', file), /Number of packets: *0/);
  });

  test('frames of every length end on a multiple of four', async (t) => {
    const { sink, file } = await newFile(t);
    const lengths = [0, 1, 2, 3, 4, 5, 300_000];
    const packets = lengths.map((length) => ({
      seconds: 1,
      fraction: 0,
      frame: Buffer.alloc(length, 0xab),
    }));
    // Their memory is used again: nothing of a longer frame may stay behind a shorter one.
    await sink.write(batchOf(packets.toReversed()), NEVER);
    await sink.write(batchOf(packets), NEVER);
    await sink.flush(NEVER);
    const bytes = await readFile(file);
    let packetBlocks = 0;
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
      const length = bytes.readUInt32LE(at + 4);
      assert.equal(length % 4, 0);
      assert.equal(bytes.readUInt32LE(at + length - 4), length, 'the length stands at both ends');
      if (bytes.readUInt32LE(at) !== 6) continue;
      packetBlocks++;
      const captured = bytes.readUInt32LE(at + 20);
      const padding = bytes.subarray(at + 28 + captured, at + length - 4);
      assert.ok(padding.length < 4 && padding.every((byte) => byte === 0));
    }
    assert.equal(packetBlocks, 2 * lengths.length);
  });

  test('counts the packets whose blocks a leaving reader got whole', async () => {
    const begun = new KeptOutput();
    await new PcapngSink(begun, 'kcap').write(batchOf(numbered(1)), NEVER);
    // The block of a frame of 60 bytes takes 92; of the second one, of a byte more, a part is taken.
    const output = new KeptOutput({ room: begun.bytes.length + 92 + 50 });
    const sink = new PcapngSink(output, 'kcap');
    await sink.write(batchOf(numbered(1)), NEVER);
    const batch = batchOf(numbered(3));
    await assert.rejects(sink.write(batch, NEVER), (error) => {
      assert.ok(error instanceof ReaderLeft);
      assert.equal(error.packetsHandled, 1);
      return true;
    });
    assert.equal(endsOf(sink).out, 2);
  });
});

testsOfSink('a pcapng file', {
  make: async (t) => {
    const { sink, file } = await newFile(t);
    return {
      sink,
      out: async () => {
        const rows = await fields(file, 'frame.time_epoch', 'frame.len');
        return rows.map(([time = '', length]) => ({ time, length }));
      },
    };
  },
  seen: ({ seconds, fraction, originalLength }) => ({
    time: `${seconds}.${String(fraction * (LINK.precision === 'nano' ? 1 : 1000)).padStart(9, '0')}`,
    length: String(originalLength),
  }),
});
