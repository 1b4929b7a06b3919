import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';

import type { TakenMessage } from '#kcap/agent/triggers/capture-result.js';
import { KafkaTrigger } from '#kcap/agent/triggers/kafka-trigger.js';

import { keptLog } from '../../kafka/log.js';
import { freePort } from '../../support/free-port.js';
import { testBrokers } from '../../support/test-brokers.js';
import { committedOffsets, freshTopic, readMessages, sendMessages } from '../../support/topic.js';
import { waitFor } from '../../support/wait-for.js';

const LIMIT_MS = 60_000;

/** A trigger whose captures begin, and end, once the test says so. */
function trigger(
  t: TestContext,
  topics: { topic: string; answers?: string },
  { group = randomUUID(), brokers = testBrokers() } = {},
) {
  const taken: { body: string; begin: (all: boolean) => void }[] = [];
  const { log, records } = keptLog();
  const opened = new KafkaTrigger(
    {
      ...{ topic: topics.topic, group, responseTopic: topics.answers },
      properties: new Map([['bootstrap.servers', brokers]]),
    },
    {
      host: 'fw',
      log,
      captures: {
        take: (_source, body): TakenMessage => {
          let begin: (all: boolean) => void = () => undefined;
          const takenUp = new Promise<boolean>((resolve) => (begin = resolve));
          taken.push({ body, begin });
          const refused = body === 'elsewhere' ? [] : [`${body}: no`];
          const answer = takenUp.then(() => ({ captures: [], refused, for_others: 0 }));
          return { takenUp, answer };
        },
      },
    },
  );
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    const closed = opened.close();
    for (const { begin } of taken) begin(false);
    await closed;
  };
  t.after(close);
  const until = (what: string, condition: () => boolean | Promise<boolean>) =>
    waitFor(condition, { limitMs: LIMIT_MS, what });
  return {
    ...{ taken, close, group, records, until },
    listening: () =>
      until('the trigger to listen', () =>
        records.some(({ event }) => event === 'trigger-listening'),
      ),
  };
}

const send = (topic: string, ...bodies: readonly string[]) =>
  sendMessages(
    topic,
    bodies.map((body, index) => ({ partition: index % 2, key: null, value: Buffer.from(body) })),
  );

test('takes one message after the other of all partitions, commits behind them, and answers', async (t) => {
  const [topic, answers] = await Promise.all([freshTopic(t, { partitions: 2 }), freshTopic(t)]);
  const first = trigger(t, { topic, answers });
  await first.listening();
  await send(topic, 'a', 'b', 'elsewhere', 'c');
  await first.until('the first', () => first.taken.length === 1);
  first.taken[0]?.begin(true);
  await first.until('the second', () => first.taken.length === 2);
  first.taken[1]?.begin(true);
  await first.until('the third', () => first.taken.length === 3);
  // The agent stops before the captures of the third have begun.
  await first.close();

  const second = trigger(t, { topic, answers }, { group: first.group });
  await second.until('the third, again', () => second.taken.length === 1);
  second.taken[0]?.begin(true);
  await second.until('the fourth', () => second.taken.length === 2);
  second.taken[1]?.begin(true);
  await second.until('all to be committed', async () => {
    const offsets = await committedOffsets(topic, first.group);
    return offsets.join() === '2,2';
  });
  const [third, fourth] = second.taken;
  assert.equal(third?.body, first.taken[2]?.body);
  const done = [...first.taken.slice(0, 2), ...second.taken].map(({ body }) => body);
  assert.deepEqual(done.toSorted(), ['a', 'b', 'c', 'elsewhere']);
  assert.ok(fourth);
  await second.close();

  const said = (await readMessages(answers)).map(({ key, value }) => ({
    key: String(key),
    ...(JSON.parse(String(value)) as { source: string; result: { refused: string[] } }),
  }));
  // Whoever is not meant does not answer, and the third is answered once.
  const refused = said.flatMap(({ result }) => result.refused);
  assert.deepEqual(refused.toSorted(), ['a: no', 'b: no', 'c: no']);
  assert.ok(said.every(({ key, source }) => key === 'fw' && source === 'fw'));
});

test('says once that the brokers are away, and listens once they are there', async (t) => {
  const port = await freePort();
  const { records, until } = trigger(t, { topic: 'x' }, { brokers: `127.0.0.1:${port}` });
  await until('it to be said', () => records.some(({ event }) => event === 'trigger-away'));
  const [said] = records.filter(({ event }) => event === 'trigger-away');
  assert.match(String(said?.['msg']), /^topic x, group .*; trying again until it is back$/);
});
