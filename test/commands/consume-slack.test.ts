import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import { type KcapRun } from '../support/kcap-run.js';
import { readPcap } from '../support/pcap-file.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic, sendMessages, type TestMessage } from '../support/topic.js';

const T0_S = 1_700_000_000;
/** More messages in a row than a partition is read on for, once it lies beyond the range. */
const LONG_RUN = 10_001;

/** A packet captured `second` seconds after T0; Kafka's time is that, too, or another one. */
function packet(second: number, kafkaSecond = second): TestMessage {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(Math.round((T0_S + second) * 1e6)));
  const value = Buffer.alloc(20);
  value.writeDoubleBE(second);
  return { key, value, timestamp: Math.floor((T0_S + kafkaSecond) * 1000) };
}

function range(from: number, to: number, ...more: string[]): string[] {
  return ['--from', String(T0_S + from), '--to', String(T0_S + to), ...more];
}

async function reading(
  t: TestContext,
  topic: string,
  ...more: string[]
): Promise<{ readonly run: KcapRun; readonly seconds: number[] }> {
  const run = kcap(t, ['--consumer', '-k', testBrokers(), '-t', topic, ...more]);
  assert.equal((await run.exit).status, 0, run.stderr);
  const seconds = readPcap(run.stdout).packets.map(({ frame }) => frame.readDoubleBE());
  return { run, seconds };
}

const times = (count: number, of: (index: number) => TestMessage) =>
  Array.from({ length: count }, (_, index) => of(index));

describe('a range of time', { concurrency: true }, () => {
  test('has packets that are ahead of Kafka’s times: a clock that is 5 s fast', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(
      topic,
      times(50, (second) => packet(second, second - 5)),
    );
    const { seconds } = await reading(t, topic, ...range(10, 20));
    assert.deepEqual(seconds, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('has packets far ahead of Kafka’s times where few messages lie before', async (t) => {
    const topic = await freshTopic(t);
    const now = Date.now();
    const tomorrow = Math.floor(now / 1000) + 86_400;
    await sendMessages(
      topic,
      times(20, (index) => ({ ...packet(tomorrow + index - T0_S), timestamp: now })),
    );
    const { seconds } = await reading(t, topic, '--from', String(tomorrow), '-e');
    assert.equal(seconds.length, 20);
  });

  test('goes by the broker’s times in a topic that has those (LogAppendTime)', async (t) => {
    const config = { 'message.timestamp.type': 'LogAppendTime' };
    const topic = await freshTopic(t, { config });
    const now = Math.floor(Date.now() / 1000) - T0_S;
    await sendMessages(
      topic,
      times(50, (second) => packet(now + second)),
    );
    const { seconds } = await reading(t, topic, '--from', String(T0_S + now + 40), '-e');
    assert.equal(seconds.length, 10);
  });

  test('has what another host sent late: a long run of later packets does not hide it', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, [
      packet(0),
      packet(10),
      ...times(LONG_RUN, (index) => packet(20 + (100 * index) / LONG_RUN)),
      packet(5),
      packet(11),
    ]);
    const { seconds } = await reading(t, topic, ...range(0, 12));
    assert.deepEqual(seconds, [0, 10, 5, 11]);
  });

  test('has what comes after packets of a far future', async (t) => {
    // Unless told otherwise, brokers refuse such times.
    const config = { 'message.timestamp.after.max.ms': '9223372036854775807' };
    const topic = await freshTopic(t, { config });
    await sendMessages(topic, [
      packet(0),
      ...times(LONG_RUN, () => packet(2_000_000_000)),
      packet(4_000_000),
      packet(1),
      packet(2),
    ]);
    const { seconds } = await reading(t, topic, ...range(0, 10));
    assert.deepEqual(seconds, [0, 1, 2]);
  });

  test('may lack what lies beyond its slack, and then says so; --slack all finds it', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, [
      packet(4, -5000),
      ...times(1001, () => packet(-4000)),
      packet(5, -3000),
      packet(0),
      packet(1),
      packet(1000),
      packet(2),
      ...times(LONG_RUN, () => packet(1000)),
      packet(3),
    ]);
    const { run, seconds } = await reading(t, topic, ...range(0, 10));
    assert.deepEqual(seconds, [5, 0, 1, 2]);
    assert.match(run.stderr, /there may be more, which --slack all finds/);
    assert.equal((run.summary() as unknown as { outside_slack: number }).outside_slack, 2);
    const all = await reading(t, topic, ...range(0, 10), '--slack', 'all');
    assert.deepEqual(all.seconds, [4, 5, 0, 1, 2, 3]);
    assert.doesNotMatch(all.run.stderr, /there may be more/);
  });

  test('is read no further than a long run beyond its slack', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, [packet(0), ...times(3 * LONG_RUN, () => packet(100))]);
    const { run } = await reading(t, topic, ...range(0, 10, '--slack', '30'));
    const { packets_in: read } = run.summary();
    assert.ok(read < 2 * LONG_RUN, `${read} packets were read`);
  });

  test('that ends in the future is read to the end that the topic has then', async (t) => {
    const topic = await freshTopic(t, { partitions: 2 });
    const now = Date.now() / 1000 - T0_S;
    await sendMessages(topic, [{ ...packet(now), partition: 0 }]);
    const { run, seconds } = await reading(t, topic, '--from', '-1m', '--to', `${T0_S + now + 2}`);
    assert.deepEqual(seconds, [now]);
    assert.match(run.stderr, /packets that reach the topic later are missing/);
  });

  test('has a slack of seconds, or all', async (t) => {
    const run = kcap(t, ['-c', '-k', 'b:1', '-t', 't', '--from', '-1m', '--slack', 'some']);
    assert.equal((await run.exit).status, 2);
    assert.match(run.stderr, /--slack some: not a number of seconds/);
  });
});
