import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { SharedTrouble } from '#kcap/kafka/shared-trouble.js';
import { waitFor } from '../support/wait-for.js';
import { keptLog } from './log.js';

/** Trouble of clients of some brokers, which are back once the test says so. */
function trouble(t: TestContext) {
  const { log, records } = keptLog();
  let isBack = false;
  let asked = 0;
  const shared = new SharedTrouble(log, {
    everyMs: 1,
    answer: () => {
      asked++;
      return Promise.resolve(isBack);
    },
  });
  t.after(() => {
    shared.close();
  });
  const client = (brokers: string) => (name: string, cause: string) => {
    const properties = new Map([['bootstrap.servers', brokers]]);
    return shared.admits({ properties, topic: 'x', role: 'producer' }, name, cause);
  };
  return {
    client,
    back: () => {
      isBack = true;
    },
    asked: () => asked,
    texts: () => records.map(({ msg }) => msg),
  };
}

test('clients of the same brokers say once that none can be reached, and once that they are back', async (t) => {
  const { client, back, texts } = trouble(t);
  const [first, second, other] = [client('b:9092'), client('b:9092'), client('c:9092')];
  assert.ok(first('_TRANSPORT', 'b:9092: Connect failed (after 3ms in state CONNECT)'));
  assert.ok(!second('_TRANSPORT', 'b:9092: Connect failed (after 5ms in state CONNECT)'));
  assert.ok(second('_ALL_BROKERS_DOWN', 'all down'));
  assert.ok(!first('_ALL_BROKERS_DOWN', 'all down'));
  assert.ok(!first('_RESOLVE', 'b:9092: no such host'));
  assert.ok(other('_TRANSPORT', 'c:9092: Connect failed'));
  assert.deepEqual(texts(), []);
  back();
  await waitFor(() => texts().length > 0, { limitMs: 5000, what: 'a word about it' });
  assert.deepEqual(texts(), ['Kafka: brokers at b:9092 answer again']);
  // Away once more: that is said again.
  assert.ok(first('_TRANSPORT', 'b:9092: Connect failed (after 3ms in state CONNECT)'));
  assert.ok(second('_ALL_BROKERS_DOWN', 'all down'));
});

test('a reminder comes every ten minutes', (t) => {
  let nowMs = 1000;
  t.mock.method(performance, 'now', () => nowMs);
  const { client } = trouble(t);
  const say = client('b:9092');
  assert.ok(say('_ALL_BROKERS_DOWN', 'all down'));
  for (let minute = 1; minute < 10; minute++) {
    nowMs += 60_000;
    assert.ok(!say('_ALL_BROKERS_DOWN', 'all down'));
  }
  nowMs += 60_000;
  assert.ok(say('_TRANSPORT', 'Connect failed'));
  assert.ok(!say('_ALL_BROKERS_DOWN', 'all down'));
});

test('brokers that nobody needs any more are neither asked nor remembered', async (t) => {
  const realNow = performance.now.bind(performance);
  let aheadMs = 0;
  t.mock.method(performance, 'now', () => realNow() + aheadMs);
  const { client, asked, texts } = trouble(t);
  const say = client('gone:9092');
  assert.ok(say('_ALL_BROKERS_DOWN', 'all down'));
  await waitFor(() => asked() > 1, { limitMs: 5000, what: 'questions whether they are back' });
  aheadMs += 121_000;
  // All the time that a question takes.
  await waitFor(
    async () => {
      const before = asked();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return asked() === before;
    },
    { limitMs: 5000, what: 'an end of the questions' },
  );
  assert.ok(say('_TRANSPORT', 'gone:9092: Connect failed'));
  assert.deepEqual(texts(), []);
});
