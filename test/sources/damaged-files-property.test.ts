import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { UserError } from '#kcap/errors/user-error.js';
import { FileSource } from '#kcap/sources/file.js';

import { numbered, packetsIn } from '../packet/packets.js';
import { corpus } from '../support/captures/corpus.js';
import { damaged } from '../support/captures/damage.js';
import { pcapFile } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';

/** What a file of some hundred bytes may take, and its 64 KiB of compressed input with it. */
const MOST_BYTES = 256 * 1024 * 1024;

const captures = corpus().map(({ bytes }) => bytes);
const whole = pcapFile({ packets: numbered(50) });
const compressed = ['gzip', 'zstd', 'lz4'].map(
  (tool) => spawnSync(tool, ['-c', '-q'], { input: whole }).stdout,
);

/** Ten thousand more go through kcap itself, and are counted: commands/produce-damaged.test.ts. */
const kinds: [what: string, files: readonly Buffer[], numRuns: number][] = [
  ['a capture file', captures, 1500],
  ['a compressed file', compressed, 2500],
];
for (const [what, files, numRuns] of kinds) {
  test(`whatever is wrong with ${what}, it is said by name and nothing else happens`, async (t) => {
    const file = path.join(await tempFolder(t), 'in');
    const before = process.memoryUsage.rss();
    await fc.assert(
      fc.asyncProperty(damaged(files), async (bytes) => {
        await writeFile(file, bytes);
        const source = await FileSource.open([file], undefined);
        try {
          for await (const batch of source.batches(new AbortController().signal))
            assert.equal(packetsIn(batch.bytes).length, batch.count);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          assert.ok(error.message.startsWith(`read ${file}: `), error.message);
          assert.equal(error.exitStatus, 1);
        }
      }),
      { numRuns },
    );
    assert.ok(process.memoryUsage.rss() - before < MOST_BYTES);
  });
}
