import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runningAgent, type RunningAgent } from '../support/running-agent.js';
import { testBrokers } from '../support/test-brokers.js';
import { topicSequence } from '../support/topic-sequence.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const FRAME_BYTES = 200;
const LIMIT = { limitMs: 30_000 };

test(
  'an agent that is killed under load goes on: what was acknowledged is there, and nothing twice',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const topic = await freshTopic(t);
    const configuration = { kafka: { brokers: [testBrokers()] } };
    const one = await runningAgent(t, { configuration });
    const config = {
      id: 'load',
      capture: { name: 'afpacket', interface: veth.inside, config: { buffer_mib: 16 } },
      reporters: [{ name: 'frames', config: { topic }, fallback: 'spool' }],
    };
    await one.answer('task_create', { config });
    const flooding = flood(veth, { packetsPerSecond: 2000, frameBytes: FRAME_BYTES, seconds: 8 });
    const before = await outOf(one, 1000);
    one.run.signal('SIGKILL');
    await one.run.exit;
    const two = await runningAgent(t, { folder: one.folder, configuration });
    const after = await outOf(two, 500);
    await flooding;
    await two.answer('task_stop', { task_id: 'load' });
    const { packets_out: sent, packets_failed: failed } = await two.answer('task_status', {
      task_id: 'load',
    });
    assert.ok(Number(sent) >= after);
    assert.equal(failed, 0);
    // Of those before the kill, some may have been sent and not yet counted.
    assert.ok((await countMessages(topic)) >= before + Number(sent));
    const { repeated } = await topicSequence(topic, FRAME_BYTES);
    assert.equal(repeated, 0);
  },
);

/** Waits until the brokers have acknowledged more than so many of the task's packets: how many. */
async function outOf(agent: RunningAgent, more: number): Promise<number> {
  const out = async () => {
    const { packets_out: count } = await agent.answer('task_status', { task_id: 'load' });
    return Number(count) > more && Number(count);
  };
  return waitFor(out, { ...LIMIT, what: `more than ${more} packets` });
}
