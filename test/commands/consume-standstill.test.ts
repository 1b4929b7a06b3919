import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { useBrokers } from '../support/test-brokers.js';
import { AT_ONCE_MS, TOLD_WITHIN_MS } from '../support/time-limits.js';
import { freshTopic, sendMessages } from '../support/topic.js';

const NO_COORDINATOR =
  /group team-a: no broker coordinates it: .*offsets\.topic\.replication\.factor/s;

describe('a broker that can keep no offsets', { concurrency: true }, () => {
  let kafka: RealKafka;
  before(async () => {
    // Its topic of offsets would take three brokers: no group ever gets a coordinator.
    kafka = await startRealKafka({ properties: { 'offsets.topic.replication.factor': '3' } });
    useBrokers(kafka.brokers);
  });
  after(() => kafka.close());

  const consuming = (t: TestContext, topic: string, ...more: string[]): KcapRun =>
    kcap(t, ['--consumer', '-k', kafka.brokers, '-t', topic, '-g', 'team-a', ...more]);

  test('a group says so in time, and can be stopped at once', async (t) => {
    const topic = await freshTopic(t);
    const run = consuming(t, topic);
    await run.started();
    await run.waitForLog(NO_COORDINATOR, TOLD_WITHIN_MS);
    run.signal('SIGTERM');
    const asked = performance.now();
    assert.equal((await run.exit).status, 0);
    assert.ok(performance.now() - asked < AT_ONCE_MS);
  });

  test('a read that is to end does end, with status 1', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, [{ value: Buffer.from('frame') }]);
    const run = consuming(t, topic, '-o', 'begin', '-e');
    assert.equal((await run.exit).status, 1);
    assert.match(run.stderr, NO_COORDINATOR);
    assert.match(run.stderr, /kcap: topic \S+: group team-a: no broker coordinates it/);
  });
});
