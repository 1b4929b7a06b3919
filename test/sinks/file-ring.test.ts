import assert from 'node:assert/strict';
import { readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import pino from 'pino';

import { PartlyWritten } from '#kcap/pipeline/contracts.js';
import { PcapngSize, PcapSize } from '#kcap/pcap/file-size.js';
import { FileRing, type RingConditions, type RingFormat } from '#kcap/sinks/file-ring.js';
import { PcapSink } from '#kcap/sinks/pcap.js';
import { PcapngSink } from '#kcap/sinks/pcapng.js';

import { batchOf, numbered } from '../packet/packets.js';
import { packetCount } from '../support/captures/packet-count.js';
import { readPcap } from '../support/pcap-file.js';
import { smallDisk } from '../support/small-disk.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';

const NEVER = new AbortController().signal;
const NAME = /^out_\d{5}_\d{14}\.pcap$/;
const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to mount a small disk';

const PCAP: RingFormat = {
  sink: (output) => new PcapSink(output),
  size: (linkType) => new PcapSize(linkType),
};
const PCAPNG: RingFormat = {
  sink: (output) => new PcapngSink(output, 'kcap test'),
  size: () => new PcapngSize('kcap test'),
};

describe('a ring of files', () => {
  test('begins another file at the exact packet, within a batch and across batches', async (t) => {
    const { ring, packets } = await opened(t, { packets: 4 });
    await ring.write(batchOf(numbered(10)), NEVER);
    await ring.write(batchOf(numbered(3, { first: 10 })), NEVER);
    await ring.flush();
    assert.deepEqual(await packets(), [
      numbered(4),
      numbered(4, { first: 4 }),
      numbered(4, { first: 8 }),
      numbered(1, { first: 12 }),
    ]);
    assert.equal(ring.account().out.packets, 13);
  });

  test('makes no empty file behind the last packet', async (t) => {
    const { ring, packets } = await opened(t, { packets: 4 });
    await ring.write(batchOf(numbered(4)), NEVER);
    await ring.flush();
    assert.deepEqual(await packets(), [numbered(4)]);
  });

  test('counts bytes as dumpcap does: the packet that reaches the size is the last', async (t) => {
    // 24 bytes, and 76, 77 and 78 bytes for each three packets.
    const { ring, packets } = await opened(t, { fileBytes: 24 + 76 + 77 });
    await ring.write(batchOf(numbered(6)), NEVER);
    await ring.flush();
    assert.deepEqual(
      (await packets()).map(({ length }) => length),
      [2, 2, 2],
    );
  });

  test('takes the condition that comes first', async (t) => {
    const { ring, packets } = await opened(t, { packets: 3, fileBytes: 24 + 76 + 77, files: 9 });
    await ring.write(batchOf(numbered(3, { bytes: 20 })), NEVER);
    await ring.write(batchOf(numbered(3, { first: 3, bytes: 200 })), NEVER);
    await ring.flush();
    assert.deepEqual(
      (await packets()).map(({ length }) => length),
      [3, 1, 1, 1],
    );
  });

  test('keeps the last files, and none of a stranger’s', async (t) => {
    const { ring, folder, packets } = await opened(t, { packets: 1, files: 2 });
    const strange = path.join(folder, 'out_00000_20200101000000.pcap');
    await writeFile(strange, 'strange');
    await ring.write(batchOf(numbered(2)), NEVER);
    // Somebody has put another file in the place of the oldest one.
    const [, oldest = ''] = await namesIn(folder);
    await rename(path.join(folder, oldest), path.join(folder, 'taken-away'));
    await writeFile(path.join(folder, oldest), 'other');
    await ring.write(batchOf(numbered(3, { first: 2 })), NEVER);
    await ring.flush();
    assert.equal(await readFile(strange, 'utf8'), 'strange');
    assert.equal(await readFile(path.join(folder, oldest), 'utf8'), 'other');
    await rm(strange);
    await rm(path.join(folder, oldest));
    assert.deepEqual(await packets(), [numbered(1, { first: 3 }), numbered(1, { first: 4 })]);
  });

  test('touches nothing that has the name of a file already, be it a link', async (t) => {
    const folder = await tempFolder(t);
    const target = path.join(folder, 'target');
    const now = new Date();
    // Whatever second it is made in.
    for (let second = -1; second < 30; second++) {
      const stamp = nameAt(new Date(now.getTime() + second * 1000));
      await writeFile(path.join(folder, `out_00001_${stamp}.pcap`), 'old');
      await symlink(target, path.join(folder, `out_00002_${stamp}.pcap`));
    }
    const ring = await open(folder, { packets: 1 });
    t.after(() => ring.close());
    await ring.write(batchOf(numbered(1)), NEVER);
    await ring.flush();
    const names = await namesIn(folder);
    assert.equal(names.filter((name) => name.startsWith('out_00003')).length, 1);
    assert.ok(!names.includes('target'));
    for (const name of names.filter((name) => name.startsWith('out_00001')))
      assert.equal(await readFile(path.join(folder, name), 'utf8'), 'old');
  });

  test('says of each file that it is finished', async (t) => {
    const { ring, folder, records } = await opened(t, { packets: 2 });
    await ring.write(batchOf(numbered(3)), NEVER);
    await ring.flush();
    const names = await namesIn(folder);
    assert.deepEqual(
      records().map(({ event, file, packets, bytes }) => ({ event, file, packets, bytes })),
      names.map((name, index) => ({
        event: 'file-finished',
        file: path.join(folder, name),
        packets: [2, 1][index],
        bytes: [24 + 76 + 77, 24 + 78][index],
      })),
    );
  });

  test('switches in time, also where no packet comes; each file can be read', async (t) => {
    const { ring, folder, packets } = await opened(t, { durationMs: 50 });
    await waitFor(async () => (await namesIn(folder)).length >= 3, {
      limitMs: 5000,
      what: 'three files',
    });
    await ring.write(batchOf(numbered(2), { linkType: 113 }), NEVER);
    await ring.flush();
    const all = (await packets()).flat();
    assert.deepEqual(all, numbered(2));
  });

  test('tells at once that the next file can not be made, also where no packet comes', async (t) => {
    const { ring, folder } = await opened(t, { durationMs: 50 });
    const failures: unknown[] = [];
    ring.onFailure((error) => failures.push(error));
    await rm(folder, { recursive: true });
    await waitFor(() => failures.length > 0, { limitMs: 5000, what: 'the failure' });
    assert.match(String(failures[0]), /ENOENT/);
    await assert.rejects(ring.write(batchOf(numbered(1)), NEVER), /ENOENT/);
  });

  test('begins files at multiples of the interval', async (t) => {
    const { ring, folder } = await opened(t, { intervalMs: 1000 });
    await waitFor(async () => (await namesIn(folder)).length >= 3, {
      limitMs: 5000,
      what: 'three files',
    });
    await ring.flush();
    const seconds = (await namesIn(folder)).map((name) => Number(name.slice(-7, -5)));
    assert.equal(((seconds[2] ?? 0) - (seconds[1] ?? 0) + 60) % 60, 1);
  });

  test('has one link type in all pcap files: that of the first packet', async (t) => {
    const { ring, folder } = await opened(t, { packets: 2 });
    await ring.write(batchOf(numbered(1), { linkType: 113, precision: 'nano' }), NEVER);
    await ring.write(batchOf(numbered(3)), NEVER);
    await ring.write(
      batchOf(numbered(2, { first: 1 }), { linkType: 113, precision: 'nano' }),
      NEVER,
    );
    await ring.flush();
    for (const name of await namesIn(folder)) {
      const { header } = readPcap(await readFile(path.join(folder, name)));
      assert.deepEqual([header.linkType, header.precision], [113, 'nano']);
    }
    const { out, outcomes } = ring.account();
    assert.deepEqual([out.packets, outcomes.get('other-link-type')?.packets], [3, 3]);
  });

  test('has whole pcapng files with every link type', async (t) => {
    const { ring, folder } = await opened(t, { packets: 2 }, PCAPNG);
    await ring.write(batchOf(numbered(3), { linkType: 113 }), NEVER);
    await ring.write(batchOf(numbered(3, { first: 3 })), NEVER);
    await ring.flush();
    const names = await namesIn(folder);
    for (const name of names) assert.equal(packetCount(await readFile(path.join(folder, name))), 2);
    assert.equal(names.length, 3);
  });

  test('leaves the bytes of a batch alone that others see', async (t) => {
    const { ring } = await opened(t, { packets: 2 });
    const nano = { precision: 'nano' } as const;
    await ring.write(batchOf(numbered(3, { first: 1000 })), NEVER);
    const batch = { ...batchOf(numbered(5, { first: 1000 }), nano), shared: true };
    const before = Buffer.from(batch.bytes);
    await ring.write(batch, NEVER);
    assert.ok(before.equals(batch.bytes));
  });

  test('goes on in the next file where somebody removes the one that is written', async (t) => {
    const { ring, folder, packets } = await opened(t, { packets: 2 });
    await ring.write(batchOf(numbered(1)), NEVER);
    for (const name of await namesIn(folder)) await rm(path.join(folder, name));
    await ring.write(batchOf(numbered(3, { first: 1 })), NEVER);
    await ring.flush();
    assert.deepEqual(await packets(), [numbered(2, { first: 2 })]);
  });

  test('fails where its folder is gone, with what was written before', async (t) => {
    const { ring, folder } = await opened(t, { packets: 2 });
    await rm(folder, { recursive: true });
    await assert.rejects(ring.write(batchOf(numbered(5)), NEVER), (error) => {
      assert.ok(error instanceof PartlyWritten);
      assert.equal(error.packetsHandled, 2);
      assert.match(error.failure.message, /^write .*out_00002_\d{14}\.pcap: ENOENT/);
      return true;
    });
    await assert.rejects(ring.write(batchOf(numbered(1)), NEVER), /ENOENT/);
    await assert.rejects(ring.flush(), /ENOENT/);
  });

  test('does not begin where it could not write', async (t) => {
    const folder = path.join(await tempFolder(t), 'missing');
    await assert.rejects(open(folder, { packets: 1 }), {
      name: 'UserError',
      message: /^write .*missing\/out_00001_\d{14}\.pcap: ENOENT/,
      remedy: 'make the folder that it is to be in',
    });
  });

  test('on a full disk, keeps whole packets and counts those', { skip: needsRoot }, async (t) => {
    const folder = await smallDisk(t);
    const ring = await open(folder, { packets: 100 });
    const all = numbered(1000, { bytes: 200 });
    await assert.rejects(ring.write(batchOf(all), NEVER), (error) => {
      assert.ok(error instanceof PartlyWritten);
      assert.match(error.failure.message, /ENOSPC: no space left on device/);
      assert.equal(error.packetsHandled, ring.account().out.packets);
      return true;
    });
    const read = await packetsOf(folder);
    assert.deepEqual(read.flat(), all.slice(0, ring.account().out.packets));
    await ring.close();
  });
});

async function opened(t: TestContext, conditions: RingConditions, format = PCAP) {
  const rings: FileRing[] = [];
  // Before its folder is removed: it would make files there meanwhile.
  t.after(() => Promise.all(rings.map((made) => made.close())));
  const folder = await tempFolder(t);
  const lines: string[] = [];
  const ring = await open(folder, conditions, format, lines);
  rings.push(ring);
  return {
    ring,
    folder,
    packets: () => packetsOf(folder),
    records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

function open(
  folder: string,
  conditions: RingConditions,
  format = PCAP,
  lines: string[] = [],
): Promise<FileRing> {
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  return FileRing.open(path.join(folder, 'out.pcap'), { conditions, format, log });
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => NAME.test(name)).sort();
}

async function packetsOf(folder: string) {
  const names = await namesIn(folder);
  return Promise.all(
    names.map(async (name) => readPcap(await readFile(path.join(folder, name))).packets),
  );
}

function nameAt(time: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return [
    time.getFullYear(),
    ...[time.getMonth() + 1, time.getDate(), time.getHours(), time.getMinutes(), time.getSeconds()],
  ]
    .map((part) => two(part))
    .join('');
}
