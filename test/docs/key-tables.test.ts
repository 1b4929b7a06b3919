import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import { schemaOf } from '#kcap/commands/schema.js';
import { keyTable, type KeySchema } from '../support/docs/key-tables.js';
import { repository } from '../support/repository.js';

const PAGE = `${repository}docs/agent.md`;

/** The tables of the page, by the names in the comments that they stand between. */
function tables(): Map<string, string> {
  const { kcap } = (schemaOf('agent') as KeySchema).properties ?? {};
  const sections = kcap?.properties ?? {};
  const task = (schemaOf('task') as KeySchema).properties ?? {};
  const { capture, processors, reporters, ...others } = task;
  const { triggers, ...ofAgent } = sections;
  return new Map([
    ['configuration', keyTable(ofAgent, { explains: 'kafka' })],
    ['triggers', keyTable(triggers?.properties ?? {}, { prefix: 'triggers.' })],
    ['task', keyTable(others)],
    ...named('capture', capture?.oneOf),
    ...named('processors', processors?.items?.oneOf),
    ...named('reporters', reporters?.items?.oneOf),
  ]);
}

/** What has a name, in one table: that of each kind before its own keys. */
function named(key: string, kinds: readonly KeySchema[] = []): [string, string][] {
  const common = commonKeys(kinds);
  const parts = kinds.map(({ properties = {} }) => {
    const { name, ...own } = Object.fromEntries(
      Object.entries(properties).filter(([own]) => !common.includes(own)),
    );
    const title = `**${String(name?.const)}**: ${name?.description ?? ''}`;
    return [title, '', keyTable(own)].join('\n');
  });
  const shared = Object.fromEntries(
    common.map((name) => [name, kinds[0]?.properties?.[name] ?? {}]),
  );
  const last = common.length > 0 ? [`Each kind also has:\n\n${keyTable(shared)}`] : [];
  return [[key, [...parts, ...last].join('\n\n')]];
}

/** The keys that all kinds have with the same meaning. */
function commonKeys([first, ...others]: readonly KeySchema[]): string[] {
  return Object.entries(first?.properties ?? {})
    .filter(([, { description, type }]) => description !== undefined && type !== 'object')
    .filter(([key, { description }]) =>
      others.every(({ properties }) => properties?.[key]?.description === description),
    )
    .map(([key]) => key);
}

function withTables(text: string): string {
  let whole = text;
  for (const [name, table] of tables())
    whole = whole.replace(
      new RegExp(`(<!-- keys: ${name} -->\n)[^]*?(<!-- end -->)`),
      (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`,
    );
  return whole;
}

test('the tables of keys are those of the definitions', async () => {
  const text = await readFile(PAGE, 'utf8');
  const whole = withTables(text);
  if (process.env['KCAP_WRITE_TABLES'] === '1') await writeFile(PAGE, whole);
  else
    assert.ok(
      squeezed(text) === squeezed(whole),
      [
        'write them anew: KCAP_WRITE_TABLES=1 scripts/test --no-lint docs/key-tables, then npm run format',
        ...linesBeyond(text, whole).map((line) => `- ${line}`),
        ...linesBeyond(whole, text).map((line) => `+ ${line}`),
      ].join('\n'),
    );
  for (const name of tables().keys()) assert.ok(text.includes(`<!-- keys: ${name} -->`), name);
});

/** Prettier pads the columns of tables. */
function squeezed(text: string): string {
  return text.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ');
}

/** The lines of a text that another one does not have. */
function linesBeyond(text: string, other: string): string[] {
  const known = new Set(squeezed(other).split('\n'));
  return squeezed(text)
    .split('\n')
    .filter((line) => !known.has(line));
}
