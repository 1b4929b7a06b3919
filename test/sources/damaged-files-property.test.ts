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

const damages = fc.array(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) }), { maxLength: 6 });

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
    fc.asyncProperty(
      fc.constantFrom(...files),
      damages,
      fc.nat({ max: 3 }),
      async (bytes, changes, cut) => {
        const damaged = Buffer.from(bytes.subarray(0, bytes.length - cut));
        for (const { at, byte } of changes)
          if (damaged.length > 0) damaged.writeUInt8(byte, at % damaged.length);
        await writeFile(file, damaged);
        const source = await FileSource.open([file], undefined);
        try {
          for await (const { bytes: records, count } of source.batches(
            new AbortController().signal,
          ))
            assert.equal(packetsIn(records).length, count);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          assert.ok(error.message.startsWith(`read ${file}: `), error.message);
          assert.equal(error.exitStatus, 1);
        }
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(process.memoryUsage.rss() - before < MOST_BYTES);
});
