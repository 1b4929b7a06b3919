import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { Cluster } from '#kcap/kafka/cluster.js';

import { keptLog } from './log.js';

test('where there can be no client, a start fails once, and no promise behind it does', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const properties = new Map([
    ['bootstrap.servers', '127.0.0.1:1'],
    ['security.protocol', 'SSL'],
    ['ssl.keystore.location', '/nowhere'],
  ]);
  const facts = { role: 'producer', properties, topic: 'packets' } as const;
  await assert.rejects(Cluster.connect(facts, keptLog().log), /ssl\.keystore\.password/);
  await turn();
  assert.deepEqual(unhandled, []);
});
