import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { FileSource } from '#kcap/sources/file.js';

import { numbered, packetsIn } from '../packet/packets.js';
import { testsOfSource } from '../pipeline/source-contract.js';
import { pcapFile, type PcapPacket } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { opened } from '#support/files/opened.js';
import { pipeOf } from '#support/files/piped.js';

/** The tools that people compress with, and what has to be undone; made by them, not by what kcap reads with. */
const TOOLS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  gzip: [
    ['gzip', '-c'],
    ['gzip', '-c', '-1', '--no-name'],
  ],
  zstd: [
    ['zstd', '-c', '-q'],
    ['zstd', '-c', '-q', '--no-check', '-19'],
  ],
  lz4: [
    ['lz4', '-c', '-q'],
    ['lz4', '-c', '-q', '-BD', '-B4', '-9'],
    ['lz4', '-c', '-q', '--no-frame-crc', '-BX'],
  ],
};

/** Several batches of it, which compress well and badly. */
const PACKETS = numbered(3000, { bytes: 1000 }).map((packet, index) => ({
  ...packet,
  frame: index % 2 ? packet.frame : randomLike(packet.frame.length, index),
}));

for (const [format, [tool = []]] of Object.entries(TOOLS)) {
  testsOfSource(`a file in ${format}`, {
    ending: async (t, packets) =>
      opened(t, [await fileOf(t, compressed(tool, pcapFile({ packets })))]),
  });

  testsOfSource(`a named pipe of ${format}`, {
    ending: async (t, packets) => {
      const file = await fileOf(t, compressed(tool, pcapFile({ packets })));
      return opened(t, [await pipeOf(t, file, 'leaves')]);
    },
  });
}

for (const [format, tools] of Object.entries(TOOLS)) {
  describe(`a capture file in ${format}`, () => {
    const capture = pcapFile({ packets: PACKETS });
    const [tool = []] = tools;

    for (const one of tools)
      test(`is read as ${one.join(' ')} writes it`, async (t) => {
        assertSame(await readAll(await fileOf(t, compressed(one, capture))), PACKETS);
      });

    test('may be put together of several', async (t) => {
      const parts = [
        capture.subarray(0, 10),
        Buffer.alloc(0),
        ...Array.from({ length: 20 }, (_, index) =>
          capture.subarray(10 + index * 1000, 1010 + index * 1000),
        ),
        capture.subarray(20_010),
      ].map((part) => compressed(tool, part));
      assertSame(await readAll(await fileOf(t, Buffer.concat(parts))), PACKETS);
    });

    test('may be empty', async (t) => {
      const file = await fileOf(t, compressed(tool, Buffer.alloc(0)));
      const cause = 'not a pcap or pcapng file: it ends too early';
      await assert.rejects(readAll(file), new UserError(`read ${file}`, cause));
    });

    test('that is cut off gives the packets before, then says so', async (t) => {
      const whole = compressed(tool, capture);
      const file = await fileOf(t, whole.subarray(0, -5000));
      const seen: PcapPacket[] = [];
      const cause = `its ${format} data are cut off`;
      await assert.rejects(readAll(file, seen), new UserError(`read ${file}`, cause));
      // At most the last block, which LZ4 makes of 4 MiB, is lost with what is missing.
      if (format !== 'lz4') assert.ok(seen.length > 2500, `only ${seen.length}`);
      assertSame(seen, PACKETS.slice(0, seen.length));
    });

    test('whose checksum is wrong gives the packets before, then says so', async (t) => {
      const bytes = compressed(tool, capture);
      const at = format === 'gzip' ? bytes.length - 8 : bytes.length - 4;
      bytes.writeUInt32LE((bytes.readUInt32LE(at) ^ 1) >>> 0, at);
      const file = await fileOf(t, bytes);
      const seen: PcapPacket[] = [];
      await assert.rejects(readAll(file, seen), (error) => {
        assert.ok(error instanceof UserError);
        assert.ok(error.message.startsWith(`read ${file}: its ${format} data are damaged: `));
        return true;
      });
      assertSame(seen, PACKETS);
    });

    test('may hold something else, which is refused', async (t) => {
      const file = await fileOf(t, compressed(tool, Buffer.alloc(1000)));
      const cause = 'not a pcap or pcapng file';
      await assert.rejects(readAll(file), new UserError(`read ${file}`, cause));
    });

    test('takes no more memory than it would uncompressed, however much there is in it', async (t) => {
      // 512 MiB of a packet of zeros, over and over: half a megabyte in gzip.
      const piece = pcapFile({
        packets: Array.from({ length: 64 }, () => ({
          seconds: 1,
          fraction: 1,
          frame: Buffer.alloc(128 * 1024),
        })),
      });
      const records = compressed(tool, piece.subarray(24));
      const header = compressed(tool, piece.subarray(0, 24));
      const bomb = Buffer.concat([header, ...Array.from({ length: 64 }, () => records)]);
      const file = await fileOf(t, bomb);
      const before = process.memoryUsage.rss();
      const source = await FileSource.open([file], undefined);
      let count = 0;
      let most = 0;
      for await (const batch of source.batches(new AbortController().signal)) {
        count += batch.count;
        most = Math.max(most, process.memoryUsage.rss());
      }
      assert.equal(count, 64 * 64);
      assert.ok(most - before < 128 * 1024 * 1024, `${most - before} bytes`);
    });
  });
}

test('what follows the last member of gzip is left alone, as gzip does', async (t) => {
  const bytes = compressed(['gzip', '-c'], pcapFile({ packets: PACKETS }));
  for (const rest of [Buffer.alloc(512), Buffer.from('something else')])
    assertSame(await readAll(await fileOf(t, Buffer.concat([bytes, rest]))), PACKETS);
});

// Where the second block begins, behind the headers of the frame and of the first block, and what no block says of itself.
const blocks: [
  tool: string[],
  at: (bytes: Buffer) => number,
  damage: number,
  blockBytes: number,
][] = [
  [['zstd', '-c', '-q'], (bytes) => 9 + (bytes.readUIntLE(6, 3) >>> 3), 0xff, 128 * 1024],
  [['lz4', '-c', '-q', '-B4'], (bytes) => 11 + (bytes.readUInt32LE(7) & 0x7fffffff), 0x7f, 65_536],
];
for (const [tool, at, damage, blockBytes] of blocks) {
  test(`a block of ${tool[0] ?? ''} before one that is damaged is given`, async (t) => {
    const bytes = compressed(tool, pcapFile({ packets: PACKETS }));
    bytes.fill(damage, at(bytes), at(bytes) + 4);
    const seen: PcapPacket[] = [];
    await assert.rejects(readAll(await fileOf(t, bytes), seen), UserError);
    // Records of 1016 to 1018 bytes.
    assert.equal(seen.length, Math.floor((blockBytes - 24) / 1017));
    assertSame(seen, PACKETS.slice(0, seen.length));
  });
}

test('frames of zstd that are to be skipped are', async (t) => {
  const skipped = Buffer.from('502a4d1804000000ffffffff', 'hex');
  const bytes = compressed(['zstd', '-c', '-q'], pcapFile({ packets: PACKETS }));
  const file = await fileOf(t, Buffer.concat([skipped, bytes, skipped]));
  assertSame(await readAll(file), PACKETS);
});

function compressed([command = '', ...args]: readonly string[], bytes: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync(command, args, { input: bytes, maxBuffer: 2 ** 28 });
  assert.equal(status, 0, `${command}: ${stderr.toString()}`);
  return stdout;
}

async function fileOf(t: TestContext, bytes: Buffer): Promise<string> {
  const file = path.join(await tempFolder(t), 'in');
  await writeFile(file, bytes);
  return file;
}

/** The packets of a file; those that were read before an error stand in `seen`. */
async function readAll(file: string, seen: PcapPacket[] = []): Promise<readonly PcapPacket[]> {
  const source = await FileSource.open([file], undefined);
  for await (const batch of source.batches(new AbortController().signal))
    // Copied: the batch's memory is used again.
    seen.push(...packetsIn(Buffer.from(batch.bytes)));
  return seen;
}

/** Node takes seconds to show the difference between thousands of packets. */
function assertSame(packets: readonly PcapPacket[], expected: readonly PcapPacket[]): void {
  assert.equal(packets.length, expected.length);
  for (const [index, packet] of packets.entries()) assert.deepEqual(packet, expected[index]);
}

/** Bytes that no compression makes less of, the same in every run. */
function randomLike(bytes: number, seed: number): Buffer {
  let state = seed + 1;
  return Buffer.from(
    Array.from({ length: bytes }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}
