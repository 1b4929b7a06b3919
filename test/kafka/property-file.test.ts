import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { readPropertyFile } from '#kcap/kafka/property-file.js';
import { UserError } from '#kcap/errors/user-error.js';

import { tempFolder } from '../support/temp-folder.js';

async function written(t: TestContext, text: string, mode = 0o600): Promise<string> {
  const file = path.join(await tempFolder(t), 'kafka.conf');
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

describe('a file of properties', () => {
  test('has one a line, and blanks, comments and empty lines beside', async (t) => {
    const file = await written(
      t,
      '# to the cluster\n\n  sasl.username = alice \r\nsasl.password=a=b #c\n\t# end\nclient.id=\nlinger.ms=5',
    );
    assert.deepEqual(readPropertyFile(file).properties, [
      ['sasl.username', 'alice'],
      // Only what begins a line is a comment: passwords have all kinds of characters.
      ['sasl.password', 'a=b #c'],
      ['client.id', ''],
      ['linger.ms', '5'],
    ]);
  });

  const bad: [text: string, message: string, remedy: RegExp][] = [
    ['a\n', 'line 1: not of the form key=value', /^for example/],
    ['\n#\n=hunter2\n', 'line 3: not of the form key=value', /^for example/],
    ['linger.ms=1\nhunter2\n', 'line 2: not of the form key=value', /^for example/],
    [
      'lingr.ms=1',
      'line 1: lingr.ms: librdkafka has no such property',
      /^did you mean linger.ms\?/,
    ],
    [
      'ssl.truststore.location=x',
      "line 1: ssl.truststore.location: it is of Kafka's Java",
      /ssl.ca/,
    ],
    ['linger.ms=soon', 'line 1: linger.ms: Invalid value', /^$/],
  ];
  for (const [text, message, remedy] of bad)
    test(`is told where it is wrong, and not what stands there: ${message}`, async (t) => {
      const file = await written(t, text);
      const error = errorOf(() => readPropertyFile(file));
      assert.ok(error.message.startsWith(`${file}, ${message}`), error.message);
      assert.match(error.remedy ?? '', remedy);
      assert.equal(error.exitStatus, 2);
      assert.ok(!error.message.includes('hunter2'));
    });

  test('that is not there, or is a folder, is named', async (t) => {
    const folder = await tempFolder(t);
    await mkdir(path.join(folder, 'folder'));
    for (const name of ['missing', 'folder']) {
      const error = errorOf(() => readPropertyFile(path.join(folder, name)));
      assert.ok(error.message.startsWith(`properties in ${path.join(folder, name)}: E`));
    }
  });

  const modes: [text: string, mode: number, exposed: boolean][] = [
    ['sasl.password=x', 0o600, false],
    ['sasl.password=x', 0o400, false],
    ['sasl.password=x', 0o640, true],
    ['sasl.password=x', 0o604, true],
    ['sasl.username=x', 0o644, false],
    ['sasl.password=', 0o644, false],
  ];
  for (const [text, mode, exposed] of modes)
    test(`with ${text} and mode ${mode.toString(8)} is ${exposed ? '' : 'not '}exposed`, async (t) => {
      assert.equal(readPropertyFile(await written(t, text, mode)).exposed, exposed);
    });
});

function errorOf(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it was taken');
}
