import assert from 'node:assert/strict';
import { test } from 'node:test';

import { METRICS, type Measured } from '#kcap/agent/metric-definitions.js';
import { EMPTY_ACCOUNT, type Account } from '#kcap/pipeline/account.js';
import { Pace } from '#kcap/pipeline/pace.js';

import { read } from '../task/described.js';

/** The samples of a metric of one task. */
async function samples(name: string, account: Account): Promise<unknown> {
  const description = await read({ id: 'a', interface: 'eth0, eth1' });
  const measured: Measured = {
    tasks: [
      {
        ...{ id: 'a', state: 'running', account, reporters: new Map(), durationMs: 0 },
        pipelines: [{ account, reporters: new Map() }],
        ...{ description, pace: new Pace() },
      },
    ],
    ...{ commands: [], captures: [], droppedCaptures: 0, build: {} },
  };
  const definition = METRICS.find((metric) => metric.name === name);
  return [...(definition?.read(measured) ?? [])];
}

test('packets of several interfaces are counted by interface', async () => {
  const count = (packets: number) => ({ packets, bytes: 60 * packets });
  const account = { ...EMPTY_ACCOUNT, in: count(5) };
  assert.deepEqual(await samples('capture_packets_total', account), [
    { labels: { task: 'a', interface: 'eth0,eth1' }, value: 5 },
  ]);
  const sources = new Map([
    ['eth0', count(3)],
    ['eth1', count(2)],
  ]);
  assert.deepEqual(await samples('capture_packets_total', { ...account, sources }), [
    { labels: { task: 'a', interface: 'eth0' }, value: 3 },
    { labels: { task: 'a', interface: 'eth1' }, value: 2 },
  ]);
});
