import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { tempFolder } from './temp-folder.js';
import { standsIn, together, unitFiles } from './unit-files.js';

test('a file that has to do with processes, brokers, clocks or hooks has its own process', async (t) => {
  const folder = await tempFolder(t);
  const file = async (name: string, text: string) => {
    const at = path.join(folder, `${name}.test.js`);
    await writeFile(at, text);
    return at;
  };
  const pure = [
    await file(
      'pure',
      "import { nearest } from '#kcap/errors/nearest.js';\ntest('x', () => {});\n",
    ),
    await file('nested', "describe('x', () => {\n  before(() => {});\n});\n"),
  ];
  const own = [
    await file('hook', 'before(async () => {});\n'),
    await file('waiting', 'const pages = await userPages();\n'),
    await file('environment', "test('x', () => process.env.X);\n"),
    await file('clock', "test('x', (t) => t.mock.timers.enable());\n"),
    await file('brokers', "import { testBrokers } from '../support/test-brokers.js';\n"),
    await file('program', "import { kcap } from '../support/kcap.js';\n"),
    await file('bundled', 'import { kcap } from "../support/kcap.js";\n'),
  ];
  assert.deepEqual(await unitFiles([...pure, ...own]), { units: pure, others: own });
  const text = await readFile(await together(pure, folder), 'utf8');
  assert.deepEqual(
    text.split('\n').filter(Boolean),
    pure.map((unit) => `import 'file://${unit}';`),
  );
});

test('a test stands in the file that its place names, as source or compiled', () => {
  const file = '/kcap/dist-test/errors/nearest.test.js';
  assert.ok(standsIn(file, '/kcap/test/errors/nearest.test.ts'));
  assert.ok(standsIn(file, file));
  assert.ok(!standsIn(file, '/kcap/test/errors/user-error.test.ts'));
  assert.ok(!standsIn(file, undefined));
});
