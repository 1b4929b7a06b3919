import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { withoutSecret } from '#kcap/terminal/process-title.js';

import { kcap } from '../support/kcap.js';
import { waitFor } from '../support/wait-for.js';

const WORDS: readonly [given: string, shown: string][] = [
  ['sasl.password=x', 'sasl.password=***'],
  ['-Xsasl.password=a=b c', '-Xsasl.password=***'],
  ['-X=sasl.password=x', '-X=sasl.password=***'],
  ['-pXsasl.password=x', '-pXsasl.password=***'],
  ['-qX=ssl.key.password=x', '-qX=ssl.key.password=***'],
  ['--kafka-config=sasl.password=x', '--kafka-config=sasl.password=***'],
  ['--X=sasl.password=x', '--X=sasl.password=***'],
  ['sasl.password=', 'sasl.password='],
  ['linger.ms=5', 'linger.ms=5'],
  ['-pXlinger.ms=5', '-pXlinger.ms=5'],
  ['-t', '-t'],
];
for (const [given, shown] of WORDS)
  test(`the list of processes shows ${given} as ${shown}`, () => {
    assert.equal(withoutSecret(given), shown);
  });

test('a secret joined to other flags disappears from the list of processes', async (t) => {
  // Nobody answers there, which kcap finds out only after a while.
  const args = ['-pXsasl.password=hush-hush', '-k', '192.0.2.1:9092', '-t', 'x', '-i', 'lo'];
  const run = kcap(t, args);
  const title = () => readFile(`/proc/${run.pid}/cmdline`, 'utf8');
  await waitFor(async () => (await title()).includes('sasl.password=***'), {
    limitMs: 10_000,
    what: 'the title',
  });
  assert.doesNotMatch(await title(), /hush/);
});
