import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';

import { checkConfiguration } from '#kcap/agent/configuration/read-configuration.js';
import { documentOf, type Document } from '#kcap/documents/document.js';
import { textDocument } from '#kcap/documents/read-document.js';
import { UserError } from '#kcap/errors/user-error.js';
import { checkTask } from '#kcap/task/description/read-task.js';
import { exampleDocuments } from '../support/example-files.js';
import { repository } from '../support/repository.js';

const ENVIRONMENT = { environment: { A: '1', B: 'x' } };

interface Example {
  readonly name: string;
  readonly text: string;
  readonly check: (document: Document) => unknown;
}

async function examples(): Promise<Example[]> {
  const { tasks, configurations } = await exampleDocuments();
  const check = (document: Document) => checkConfiguration(document, ENVIRONMENT);
  return Promise.all([
    ...tasks.map((name) => withText(name, checkTask)),
    ...configurations.map((name) => withText(name, check)),
  ]);
}

async function withText(name: string, check: Example['check']): Promise<Example> {
  return { name, text: await readFile(repository + name, 'utf8'), check };
}

/** Whatever comes of it is a value, or an error that a user understands. */
async function holds(check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (error) {
    assert(error instanceof UserError, error instanceof Error ? error.stack : String(error));
    assert.equal(error.exitStatus, 2);
    assert.doesNotMatch(error.message, /undefined|\[object|Invalid input/);
  }
}

/** What stands in documents that are wrong, or means something to YAML, TOML or JavaScript. */
const ODDITIES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    '- ',
    '&a ',
    '*a',
    '!!x ',
    '? ',
    '<<: ',
    '|\n',
    '>\n',
    '"',
    "'",
    '\t',
  ],
  ...['${', '${A}', '${NOPE}', '${B:-', '__proto__: ', 'constructor: ', '\0', '\uFEFF', '\u2028'],
  ...[
    '=',
    '[[',
    ']]',
    '"""',
    "'''",
    '1e999',
    '-1',
    '99999999999999999999',
    '.nan',
    '---\n',
    '%YAML 9\n',
  ],
];

test('texts with damage are read, or refused in a line', { timeout: 300_000 }, async () => {
  const known = await examples();
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 30 }),
    put: fc.oneof(fc.constantFrom(...ODDITIES), fc.string({ maxLength: 8 })),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...known),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      async ({ name, text, check }, damages) => {
        let damaged = text;
        for (const { at, cut, put } of damages) {
          const from = Math.floor(at * damaged.length);
          damaged = damaged.slice(0, from) + put + damaged.slice(from + cut);
        }
        await holds(async () => check(await textDocument(name, damaged, ENVIRONMENT)));
      },
    ),
    { numRuns: 1000 },
  );
});

test('values of the wrong kind anywhere are refused in a line', { timeout: 300_000 }, async () => {
  const known = await examples();
  const values = new Map<Example, unknown>();
  for (const example of known)
    values.set(example, (await textDocument(example.name, example.text, ENVIRONMENT)).value);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...known),
      fc.nat(),
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('replace', 'add', 'rename'),
      async (example, which, strange, how) => {
        const value = structuredClone(values.get(example));
        changeOne(value, which, strange, how);
        await holds(() => example.check(documentOf('config', value)));
      },
    ),
    { numRuns: 1000 },
  );
});

/** Changes one of all values in it, in place. */
function changeOne(root: unknown, which: number, strange: unknown, how: string): void {
  const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const walk = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, below] of Object.entries(value)) {
      places.push({ holder: value as Record<string, unknown>, key });
      walk(below);
    }
  };
  walk(root);
  const place = places[which % places.length];
  if (!place) return;
  const { holder, key } = place;
  if (how === 'replace') holder[key] = strange;
  else if (how === 'add') holder[`${key}x`] = strange;
  else {
    holder[key.slice(1)] = holder[key];
    Reflect.deleteProperty(holder, key);
  }
}

test('a value that nests without end is refused', async () => {
  let deep: unknown = 'x';
  for (let level = 0; level < 100_000; level++) deep = { capture: deep };
  await holds(() => checkTask(documentOf('config', deep)));
  await holds(() =>
    checkTask(documentOf('config', { id: 'a', interface: Array(100_000).fill('x') })),
  );
});
