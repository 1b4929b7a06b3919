import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

for (const [name, key] of [
  ['task', 'capture'],
  ['agent', 'kcap'],
] as const)
  test(`prints the JSON Schema of ${name}, each key with its description`, async (t) => {
    const run = kcap(t, ['schema', name]);
    assert.equal((await run.exit).status, 0, run.stderr);
    const schema = JSON.parse(run.stdout.toString()) as Schema;
    assert.ok(schema.properties?.[key]);
    assert.deepEqual(undescribed(schema, name), []);
  });

/** The keys that nothing is said of. */
function undescribed(schema: Schema, path: string): string[] {
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, below]) => [
      ...(below.description === undefined && key !== 'kcap' ? [`${path}.${key}`] : []),
      ...undescribed(below, `${path}.${key}`),
    ]),
    ...[schema.items ?? [], schema.oneOf ?? [], schema.anyOf ?? []]
      .flat()
      .flatMap((below) => undescribed(below, path)),
  ];
}

test('knows no others', async (t) => {
  const run = kcap(t, ['schema', 'tasks']);
  assert.equal((await run.exit).status, 2);
  assert.equal(run.stderr, 'kcap: tasks: it has no schema\nuse one of: task, agent\n');
});
