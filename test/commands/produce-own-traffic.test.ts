import { test } from 'node:test';
import assert from 'node:assert/strict';

import { kcap } from '../support/kcap.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { unchanged } from '../support/unchanged.js';
import { noVeth } from '../support/veth.js';

for (const link of ['lo', 'any'])
  test(`two producers on ${link} do not feed each other`, { skip: noVeth }, async (t) => {
    const topic = await freshTopic(t);
    const brokers = testBrokers();
    const port = brokers.split(':')[1] ?? '';
    const start = async () => {
      const from = ['-i', link, '-f', `tcp port ${port}`];
      const run = kcap(t, ['-p', '-k', brokers, '-t', topic, ...from, '-pp', '1']);
      await run.started();
      return run;
    };
    const runs = [await start(), await start()];
    // Both have connected once each has delivered what somebody else exchanged with the broker.
    await countMessages(topic);
    for (const run of runs) await run.waitForLog(() => run.stdout.includes('Packet delivered['));
    const printed = () => runs.reduce((sum, run) => sum + run.stdout.length, 0);
    assert.equal(await unchanged(printed), true);
    for (const run of runs) {
      run.signal('SIGTERM');
      await run.exit;
    }
  });
