import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { corpus } from '../support/captures/corpus.js';
import { damaged } from '../support/captures/damage.js';
import { kcap } from '../support/kcap.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic, watermarks } from '../support/topic.js';

const FILES = 10_000;

test(`of ${FILES} damaged files in one run, each packet is delivered or counted`, async (t) => {
  const captures = corpus().map(({ bytes }) => bytes);
  const compressed = ['gzip', 'zstd', 'lz4'].flatMap((tool) =>
    captures.slice(0, 10).map((input) => spawnSync(tool, ['-c', '-q'], { input }).stdout),
  );
  const folder = await tempFolder(t);
  const seed = Math.floor(Math.random() * 2 ** 31);
  const files = fc.sample(damaged([...captures, ...compressed]), { numRuns: FILES, seed });
  const names = files.map((_, index) => String(index));
  for (const [index, name] of names.entries())
    await writeFile(path.join(folder, name), files[index] ?? '');

  const topic = await freshTopic(t);
  const run = kcap(
    t,
    ['-p', '-k', testBrokers(), '-t', topic, ...names.flatMap((name) => ['-r', name])],
    { cwd: folder, limitMs: 120_000 },
  );
  const { status } = await run.exit;
  const summary = run.summary();
  const { packets_in, packets_out, packets_failed, packets_filtered, packets_skipped } = summary;
  const said = `${JSON.stringify(summary)}, seed ${seed}`;
  assert.equal(status, 1, said);
  assert.equal(packets_in, packets_out + packets_failed + packets_filtered + packets_skipped, said);
  assert.ok(packets_out > 0 && packets_skipped > 0, said);
  const [partition] = await watermarks(topic);
  assert.equal(partition?.highOffset, packets_out, said);
});
