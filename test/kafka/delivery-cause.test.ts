import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addedFailures, deliveryFailures } from '#kcap/kafka/delivery-cause.js';

const failure = (id: string, text: string, packets: number) => ({
  cause: { id, fate: 'failed', loss: true, text },
  packets,
});

test("a cause has an id for programs, and words for people: kcap's own, or librdkafka's", () => {
  assert.deepEqual(
    deliveryFailures({
      'msg-timed-out': { packets: 3, text: 'Local: Message timed out' },
      'larger-than-topic-takes': { packets: 1, text: '' },
    }),
    [
      failure('msg-timed-out', 'Local: Message timed out', 3),
      failure('larger-than-topic-takes', 'larger than the topic takes (max.message.bytes)', 1),
    ],
  );
});

test('what was given up names what was wrong with the connection, under the same id', () => {
  const given = { 'not-delivered-in-time': { packets: 2, text: '' } };
  const text = 'not delivered before the drain timeout';
  assert.deepEqual(deliveryFailures(given), [failure('not-delivered-in-time', text, 2)]);
  assert.deepEqual(deliveryFailures(given, 'connection refused'), [
    failure('not-delivered-in-time', `${text}: connection refused`, 2),
  ]);
});

test('failures of several producers add up by their causes', () => {
  const before = [failure('a', 'A', 1), failure('b', 'B', 2)] as ReturnType<
    typeof deliveryFailures
  >;
  const now = [failure('b', 'B', 3), failure('c', 'C', 4)] as typeof before;
  assert.deepEqual(addedFailures(before, now), [
    failure('a', 'A', 1),
    failure('b', 'B', 5),
    failure('c', 'C', 4),
  ]);
});
