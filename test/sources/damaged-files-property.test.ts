import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { UserError } from '#kcap/packet/user-error.js';
import { FileSource } from '#kcap/sources/file.js';

import { numbered, packetsIn } from '../packet/packets.js';
import { corpus } from '../support/captures/corpus.js';
import { pcapFile } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';

/** What a file of some hundred bytes may take, and its 64 KiB of compressed input with it. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Bytes that replace others: any one, or a number that is a limit of some kind, where numbers stand. */
const limits = [0, 1, 28, 0xffff, 262_145, 1_000_000, 2 ** 27, 2 ** 31, 2 ** 32 - 4];
const damage = fc.oneof(
  fc.record({ at: fc.nat(), wrong: fc.nat({ max: 255 }).map((byte) => Buffer.of(byte)) }),
  fc.record({
    at: fc.nat().map((at) => at * 4),
    wrong: fc.tuple(fc.constantFrom(...limits), fc.boolean()).map(([number, little]) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(number);
      return little ? bytes : bytes.reverse();
    }),
  }),
);
const damages = fc.array(damage, { maxLength: 6 });
/** How much is cut off: a few bytes, or anything. */
const cuts = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 3 }) }, fc.nat({ max: 4000 }));

test('whatever is wrong with a file, also a compressed one, it is said by name and nothing else happens', async (t) => {
  const file = path.join(await tempFolder(t), 'in');
  const whole = pcapFile({ packets: numbered(50) });
  const compressed = ['gzip', 'zstd', 'lz4'].map(
    (tool) => spawnSync(tool, ['-c', '-q'], { input: whole }).stdout,
  );
  const files = [
    ...corpus().map(({ bytes }) => bytes),
    ...compressed,
    ...compressed,
    ...compressed,
  ];
  const before = process.memoryUsage.rss();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), damages, cuts, async (bytes, changes, cut) => {
      const damaged = Buffer.from(bytes.subarray(0, Math.max(bytes.length - cut, 0)));
      for (const { at, wrong } of changes) wrong.copy(damaged, at % damaged.length);
      await writeFile(file, damaged);
      const source = await FileSource.open([file], undefined);
      try {
        for await (const { bytes: records, count } of source.batches(new AbortController().signal))
          assert.equal(packetsIn(records).length, count);
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
        assert.ok(error.message.startsWith(`read ${file}: `), error.message);
        assert.equal(error.exitStatus, 1);
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(process.memoryUsage.rss() - before < MOST_BYTES);
});
