import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

test(
  'far more than can be sent: sent = delivered + dropped, to the packet',
  { skip: noVeth },
  async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const small = ['-B', '1', '-X', 'queue.buffering.max.messages=100'];
    const run = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-i', veth.inside, ...small]);
    await run.started();
    const { packets } = await flood(veth, {
      ...{ packetsPerSecond: 300_000, frameBytes: 200, seconds: 1 },
    });
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 1);
    const { packets_in, packets_out, packets_failed, dropped_kernel } = run.summary();
    assert.ok(dropped_kernel > packets / 10, `only ${dropped_kernel} dropped`);
    assert.equal(packets_failed, 0);
    assert.equal(packets_in, packets_out);
    assert.equal(packets_out + dropped_kernel, packets);
    assert.equal(await countMessages(topic), packets_out);
  },
);
