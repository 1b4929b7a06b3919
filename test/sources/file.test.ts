import assert from 'node:assert/strict';
import { open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { UserError } from '#kcap/errors/user-error.js';
import { FileSource } from '#kcap/sources/file.js';

import { numbered, packetsIn } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';
import { testsOfSource } from '../pipeline/source-contract.js';
import { pcapngFile, type TimedPacket } from '../support/captures/pcapng-file.js';
import { type PcapHeader, type PcapPacket, pcapFile } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { openFiles } from '#support/files/open-files.js';
import { opened } from '#support/files/opened.js';
import { pipeOf } from '#support/files/piped.js';

/** Nobody stops it. One for each use: a source may listen to it as long as it lives. */
const never = () => new AbortController().signal;

testsOfSource('a file', {
  ending: async (t, packets) => opened(t, [await fileOf(t, pcapFile({ packets }))]),
});

testsOfSource('a named pipe', {
  ending: (t, packets) => pipedSource(t, packets, 'leaves'),
  endless: (t, packets) => pipedSource(t, packets, 'stays'),
});

testsOfSource('several files', {
  ending: async (t, packets) => {
    const third = Math.ceil(packets.length / 3);
    const parts = [0, 1, 2].map((part) => packets.slice(part * third, (part + 1) * third));
    const files = await Promise.all(parts.map((part) => fileOf(t, pcapFile({ packets: part }))));
    return opened(t, files);
  },
});

describe('a capture file', () => {
  const headers: Partial<PcapHeader>[] = [
    { byteOrder: 'little', precision: 'micro', linkType: 1 },
    { byteOrder: 'big', precision: 'micro', linkType: 113 },
    { byteOrder: 'little', precision: 'nano', linkType: 276 },
    { byteOrder: 'big', precision: 'nano', linkType: 0x4400_0001 },
  ];
  for (const header of headers) {
    test(`is read whatever its header is: ${Object.values(header).join(', ')}`, async (t) => {
      const packets = numbered(5);
      const bytes = pcapFile({ packets, snapLength: 65_535, ...header });
      const [batch, ...others] = await readAll(await sourceOf(t, bytes));
      assert.deepEqual(others, []);
      assert.deepEqual(batch, {
        packets,
        link: {
          linkType: (header.linkType ?? 0) & 0xffff,
          precision: header.precision,
          snapLength: 65_535,
        },
      });
    });
  }

  test('has the link type that the user says, whatever it says itself', async (t) => {
    const file = await fileOf(t, pcapFile({ packets: numbered(1), linkType: 12 }));
    const [batch] = await readAll(await opened(t, [file], 101));
    assert.equal(batch?.link.linkType, 101);
  });

  test('may hold longer frames than its header says: what a batch says is true all the same', async (t) => {
    const packets = numbered(1, { bytes: 1000 });
    const source = await sourceOf(t, pcapFile({ packets, snapLength: 96 }));
    const [batch] = await readAll(source);
    assert.deepEqual(batch?.packets, packets);
    assert.ok(batch.link.snapLength >= 1000, `${batch.link.snapLength}`);
  });

  test('may hold a frame that is longer than any buffer', async (t) => {
    const packets = [...numbered(1), ...numbered(1, { bytes: 5 * 1024 * 1024 }), ...numbered(2)];
    const batches = await readAll(await sourceOf(t, pcapFile({ packets })));
    assert.deepEqual(
      batches.flatMap((batch) => batch.packets),
      packets,
    );
    assert.ok(
      batches.every((batch) => batch.packets.length > 0),
      'a batch without packets',
    );
  });

  test('is read also where each read gives a few bytes only', async (t) => {
    const bytes = pcapFile({ packets: numbered(3) });
    const source = await sourceOf(t, bytes);
    await mockReads(t, (number, read) => read(7 + (number % 3)));
    assert.deepEqual(
      (await readAll(source)).flatMap(({ packets }) => packets),
      numbered(3),
    );
  });

  test('is open from the beginning: it may be gone when its turn comes', async (t) => {
    const files = await Promise.all(
      [numbered(1), numbered(2)].map((packets) => fileOf(t, pcapFile({ packets }))),
    );
    const source = await opened(t, files);
    for (const file of files) await rm(file);
    assert.deepEqual(
      (await readAll(source)).map(({ packets }) => packets),
      [numbered(1), numbered(2)],
    );
  });

  test('is closed also where its turn never comes', async (t) => {
    const file = await fileOf(t, pcapFile({ packets: numbered(1) }));
    const missing = `${file}.missing`;
    await assert.rejects(FileSource.open([file, missing], undefined));
    assert.deepEqual(await openFiles(file), []);
    const source = await FileSource.open([file], undefined);
    assert.equal((await openFiles(file)).length, 1);
    await source.close();
    assert.deepEqual(await openFiles(file), []);
  });

  test('is named, and all others with it', async (t) => {
    const source = await sourceOf(t, pcapFile({ packets: [] }), pcapFile({ packets: [] }));
    assert.match(source.name, /^\/.*\/in\.pcap, \/.*\/in\.pcap$/);
  });
});

describe('a damaged capture file', () => {
  const whole = pcapFile({ packets: numbered(3) });
  const hostile = pcapFile({ packets: numbered(3) });
  hostile.writeUInt32LE(0xffffffff, 24 + 76 + 8);

  const cases: [what: string, bytes: Buffer, packets: number, cause: string, remedy?: string][] = [
    ['empty', Buffer.alloc(0), 0, 'not a pcap or pcapng file: it ends too early'],
    ['with half a header', whole.subarray(0, 12), 0, 'not a pcap file: it ends too early'],
    ['of another kind', Buffer.alloc(100), 0, 'not a pcap or pcapng file'],
    [
      'cut off in a frame',
      whole.subarray(0, -1),
      2,
      'the last packet is cut off',
      'the whole packets before it were sent',
    ],
    [
      'cut off in a header',
      whole.subarray(0, 24 + 76 + 3),
      1,
      'the last packet is cut off',
      'the whole packets before it were sent',
    ],
    [
      'with an absurd length',
      hostile,
      1,
      'damaged: a record claims to hold 4294967295 bytes',
      'the packets before it were sent',
    ],
  ];
  for (const [what, bytes, packets, cause, remedy] of cases) {
    test(`${what}: gives the ${packets} packet(s) before the damage, then says what is wrong`, async (t) => {
      const file = await fileOf(t, bytes);
      const seen: PcapPacket[] = [];
      const reading = async () => {
        const source = await opened(t, [file]);
        for await (const batch of source.batches(never())) seen.push(...packetsIn(batch.bytes));
      };
      await assert.rejects(reading, new UserError(`read ${file}`, cause, { remedy }));
      assert.deepEqual(seen, numbered(packets));
    });
  }

  test('does not keep the others from being read; each is said', async (t) => {
    const cut = await fileOf(t, whole.subarray(0, -1));
    const other = await fileOf(t, Buffer.alloc(100));
    const good = await fileOf(t, whole);
    const empty = await fileOf(t, Buffer.alloc(0));
    const cases: [files: string[], said: string[], thrown: string][] = [
      [[cut, good], [`read ${cut}: the last packet is cut off`], 'the last packet is cut off'],
      [
        [cut, other, good, empty],
        [`read ${cut}: the last packet is cut off`, `read ${other}: not a pcap or pcapng file`],
        'not a pcap or pcapng file: it ends too early',
      ],
    ];
    for (const [files, said, thrown] of cases) {
      const seen: PcapPacket[] = [];
      const heard: string[] = [];
      const reading = async () => {
        const source = await FileSource.open(files, undefined, {
          onDamaged: ({ message }) => {
            heard.push(message);
          },
        });
        t.after(() => source.close());
        for await (const batch of source.batches(never())) seen.push(...packetsIn(batch.bytes));
      };
      await assert.rejects(
        reading,
        (error) => error instanceof UserError && error.message.endsWith(thrown),
      );
      assert.deepEqual(heard, said);
      assert.deepEqual(seen, [...numbered(2), ...numbered(3)]);
    }
  });

  test('is named where packets of it are skipped, also the last one', async (t) => {
    const [good, foreign, late] = await Promise.all([
      fileOf(t, whole),
      fileOf(t, pcapngOf([{ interfaceId: 7 }, {}, { interfaceId: 8 }])),
      fileOf(t, pcapngOf([{}, { ticks: 2n ** 63n }, { interfaceId: 7 }])),
    ]);
    const heard: string[] = [];
    const source = await FileSource.open([foreign, good, late], undefined, {
      onSkipped: ({ message }) => {
        heard.push(message);
      },
    });
    t.after(() => source.close());
    assert.equal((await readAll(source)).flatMap(({ packets }) => packets).length, 1 + 3 + 1);
    const noInterface = 'of an interface that the file does not describe';
    assert.deepEqual(heard, [
      `read ${foreign}: '2' packet(s) skipped: ${noInterface}`,
      `read ${late}: '1' packet(s) skipped: a time that no pcap file can hold`,
      `read ${late}: '1' packet(s) skipped: ${noInterface}`,
    ]);
    assert.deepEqual(endsOf(source).ended, { 'time-out-of-range': 1, 'unknown-interface': 3 });
  });

  test('that the disk fails to read is said once the packets before are handled, however long that takes', async (t) => {
    const [code, syscall] = ['EIO', 'read'];
    const diskError = Object.assign(new Error('EIO: i/o error, read'), { code, syscall });
    const file = await fileOf(t, whole);
    // The header, the records, and then what the source reads ahead.
    await mockReads(t, (number, read) => (number < 3 ? read() : Promise.reject(diskError)));
    const source = await opened(t, [file]);
    const batches = source.batches(never())[Symbol.asyncIterator]();
    const first = (await batches.next()) as IteratorYieldResult<PacketBatch>;
    assert.deepEqual(packetsIn(first.value.bytes), numbered(3));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(batches.next(), { message: `read ${file}: EIO: i/o error` });
  });
});

describe('files that cannot be read', () => {
  test('are said before anything is read', async (t) => {
    const good = await fileOf(t, pcapFile({ packets: [] }));
    const missing = path.join(await tempFolder(t), 'missing.pcap');
    await assert.rejects(FileSource.open([good, missing], undefined), {
      message: `read ${missing}: ENOENT: no such file or directory`,
      exitStatus: 1,
    });
  });

  test('are said where they are folders', async (t) => {
    const folder = await tempFolder(t);
    await assert.rejects(FileSource.open([folder], undefined), {
      message: `read ${folder}: it is a directory`,
    });
  });
});

/** A pcapng file of one interface and these packets, which are of it unless they say otherwise. */
function pcapngOf(packets: readonly Partial<TimedPacket>[]): Buffer {
  const usual = { kind: 'enhanced', interfaceId: 0, ticks: 1n, frame: Buffer.alloc(60) } as const;
  return pcapngFile([
    { kind: 'section', byteOrder: 'little' },
    { kind: 'interface', linkType: 1 },
    ...packets.map((packet) => ({ ...usual, ...packet })),
  ]);
}

async function pipedSource(
  t: TestContext,
  packets: readonly PcapPacket[],
  atEnd: 'leaves' | 'stays',
): Promise<FileSource> {
  const pipe = await pipeOf(t, await fileOf(t, pcapFile({ packets })), atEnd);
  return opened(t, [pipe]);
}

async function sourceOf(t: TestContext, ...files: readonly Buffer[]): Promise<FileSource> {
  return opened(t, await Promise.all(files.map((bytes) => fileOf(t, bytes))));
}

async function fileOf(t: TestContext, bytes: Buffer): Promise<string> {
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, bytes);
  return file;
}

async function readAll(
  source: FileSource,
): Promise<{ packets: ReturnType<typeof packetsIn>; link: PacketBatch['link'] }[]> {
  const batches = [];
  for await (const { bytes, link } of source.batches(never()))
    batches.push({ packets: packetsIn(bytes), link });
  return batches;
}

type ReadInto = (into: Buffer, offset: number, length: number) => Promise<{ bytesRead: number }>;

/** Has every read from a file go this way: its number, from 1 on, and what would read, so many bytes at most. */
async function mockReads(
  t: TestContext,
  instead: (number: number, read: (most?: number) => ReturnType<ReadInto>) => ReturnType<ReadInto>,
): Promise<void> {
  const any = await open('/dev/null');
  const handles = Object.getPrototypeOf(any) as { read: ReadInto };
  await any.close();
  const original = handles.read;
  let number = 0;
  t.mock.method(handles, 'read', function (this: FileHandle, into: Buffer, offset: number) {
    const read = (most = Infinity) =>
      original.call(this, into, offset, Math.min(most, into.length - offset));
    return instead(++number, read);
  });
}
