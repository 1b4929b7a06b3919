import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Document } from '#kcap/documents/document.js';
import { readDocument, textDocument } from '#kcap/documents/read-document.js';
import { UserError } from '#kcap/errors/user-error.js';
import { tempFolder } from '#support/temp-folder.js';

const ENVIRONMENT = { HOST: 'b1', PORT: '9092', EMPTY: '' };

async function read(text: string, name = 'a.yaml'): Promise<Document> {
  return textDocument(name, text, { environment: ENVIRONMENT });
}

async function errorOf(text: string | Promise<unknown>, name?: string): Promise<string> {
  try {
    await (typeof text === 'string' ? read(text, name) : text);
  } catch (error) {
    assert(error instanceof UserError, String(error));
    assert.equal(error.exitStatus, 2);
    return [error.message, error.remedy ?? []].flat().join('\n');
  }
  assert.fail('it was read');
}

describe('YAML and JSON', () => {
  test('are read as values, with their places', async () => {
    const document = await read('a:\n  b: [1, two, true]\n  c: "3"\n');
    assert.deepEqual(document.value, { a: { b: [1, 'two', true], c: '3' } });
    assert.deepEqual(document.find(['a', 'b', 1], 'value'), {
      where: 'a.b[1]',
      position: { line: 2, column: 10 },
    });
    assert.deepEqual(document.find(['a', 'c'], 'key').position, { line: 3, column: 3 });
    assert.deepEqual(document.find(['a', 'missing'], 'value').position, { line: 1, column: 1 });
  });

  test('JSON may be indented with tabs', async () => {
    assert.deepEqual((await read('{\n\t"a": [\n\t\t1\n\t]\n}\n', 'a.json')).value, { a: [1] });
  });

  test('aliases and merges are resolved', async () => {
    const { value } = await read('x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: [*x]\n');
    assert.deepEqual(value, { x: { a: 1, b: 2 }, y: { a: 1, b: 3 }, z: [{ a: 1, b: 2 }] });
  });

  test('a key called __proto__ changes no prototype', async () => {
    const { value } = await read('{"__proto__": {"polluted": true}}');
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value as object), ['__proto__']);
  });

  for (const [what, text, expected] of [
    [
      'a key twice',
      'a: 1\nb: 2\na: 3\n',
      'a.yaml, line 3, column 1: a: given twice\n  a: 3\n  ^\ngive it once',
    ],
    [
      'a tab as indentation',
      'a:\n\tb: 1\n',
      /line 2, column 1: a tab is used as indentation[^]*indent with spaces/,
    ],
    ['several documents', 'a: 1\n---\nb: 2\n', /it holds several documents/],
    ['an alias of nothing', 'a: *b\n', /line 1, column 4: no anchor is called b/],
    ['a flow that is not closed', '{a: [1, 2}\n', /line 1, column \d+: /],
    ['nothing', ' \n', 'a.yaml: it is empty'],
    ['a list as a key', '? [a]\n: 1\n', /a key is not a word/],
  ] as const)
    test(`${what} is an error with its place`, async () => {
      const error = await errorOf(text);
      if (typeof expected === 'string') assert.equal(error, expected);
      else assert.match(error, expected);
    });
});

describe('variables of the environment', () => {
  test('stand in texts, alone and beside others', async () => {
    const document = await read(
      'a: ${HOST}:${PORT}\nb: ${NONE:-x}${EMPTY:-y}\nc: ${EMPTY}\nd: $HOST ${1}\n',
    );
    assert.deepEqual(document.value, { a: 'b1:9092', b: 'xy', c: '', d: '$HOST ${1}' });
    assert(document.isFromEnvironment(['a']));
    assert(!document.isFromEnvironment(['d']));
  });

  test('that are missing are named, each with its place', async () => {
    assert.equal(
      await errorOf('a: ${NOPE}\n'),
      'a.yaml, line 1, column 4: the environment has no variable NOPE\n  a: ${NOPE}\n     ^\nset NOPE, or write ${NOPE:-default}',
    );
  });

  test('a text of theirs is never read as YAML', async () => {
    const { value } = await textDocument('a.yaml', 'a: ${X}\n', {
      environment: { X: '{b: 1}\nc: 2' },
    });
    assert.deepEqual(value, { a: '{b: 1}\nc: 2' });
  });
});

describe('TOML', () => {
  test('is known by its name or by its first line', async () => {
    for (const [name, text] of [
      ['a.toml', 'a = 1'],
      ['pcapdaemon.conf', '# x\n\n[general]\na = 1'],
      ['standard input', '[[interface]]\nname = "lo"'],
    ] as const)
      assert((await read(text, name)).isToml, name);
    assert(!(await read('a: 1', 'a.conf')).isToml);
  });

  test('has places by line', async () => {
    const document = await read(
      '[general]\nmax = 5\n[[interface]]\nname = "a"\n[[interface]]\n  name = "b"\nx.y = 1\n',
      'a.toml',
    );
    const at = (...path: (string | number)[]) => document.find(path, 'key').position;
    assert.deepEqual(at('general', 'max'), { line: 2, column: 1 });
    assert.deepEqual(at('interface', 0, 'name'), { line: 4, column: 1 });
    assert.deepEqual(at('interface', 1, 'name'), { line: 6, column: 3 });
    assert.deepEqual(at('interface', 1, 'x', 'y'), { line: 7, column: 1 });
    assert.deepEqual(document.find(['general', 'max'], 'value').position, { line: 2, column: 7 });
  });

  test('errors name line and column', async () => {
    assert.match(await errorOf('[general]\nmax = \n', 'a.toml'), /^a\.toml, line 2, column \d+: /);
  });
});

describe('what is too much is refused', () => {
  for (const [what, text, expected] of [
    ['brackets', '['.repeat(50_000), /nests more than 32 levels/],
    [
      'mappings',
      Array.from({ length: 40 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
      /nests more than 32 levels/,
    ],
    ['aliases of aliases', bomb(), /more than 10000 values/],
    ['values', `[${'1,'.repeat(12_000)}1]`, /more than 10000 values/],
    ['bytes', `a: ${'x'.repeat(1024 * 1024)}`, /more than 256 KiB/],
    ['an anchor within itself', 'a: &a [*a]', /nests more than 32 levels/],
  ] as const)
    test(what, async () => {
      assert.match(await errorOf(text), expected);
    });
  test('brackets of TOML', async () => {
    assert.match(await errorOf(`a = ${'['.repeat(100_000)}`, 'a.toml'), /a\.toml/);
  });
});

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  return lines.join('\n');
}

describe('a file', () => {
  test('is read', async (t) => {
    const file = join(await tempFolder(t), 'a.yaml');
    await writeFile(file, 'a: 1\n');
    assert.deepEqual((await readDocument(file, { environment: {} })).value, { a: 1 });
  });

  test('that is missing, a folder, binary or endless is one line', async (t) => {
    const folder = await tempFolder(t);
    const binary = join(folder, 'b');
    await writeFile(binary, Buffer.of(0xff, 0xfe, 0));
    const readIt = (file: string) => errorOf(readDocument(file, { environment: {} }));
    assert.match(
      await readIt(join(folder, 'none')),
      /none: ENOENT: no such file or directory\ncheck its path/,
    );
    assert.match(await readIt(folder), /EISDIR/);
    assert.match(await readIt(binary), /b: not a text in UTF-8/);
    assert.match(await readIt('/dev/zero'), /more than 256 KiB/);
  });
});
