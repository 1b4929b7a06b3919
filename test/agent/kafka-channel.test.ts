import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test, type TestContext } from 'node:test';

import { CommandCounts } from '#kcap/agent/command-counts.js';
import { CommandTopic } from '#kcap/agent/command-topic.js';
import { KafkaChannel } from '#kcap/agent/kafka-channel.js';
import { RequestMemory } from '#kcap/agent/request-memory.js';
import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';
import { freePort } from '#support/free-port.js';
import { longWork } from '#support/long-work.js';
import { testBrokers } from '#support/test-brokers.js';
import { freshTopic, readMessages, sendMessages } from '#support/topic.js';
import { waitFor } from '#support/wait-for.js';

import { makeTopic } from '../kafka/in-memory.js';
import { keptLog } from '../kafka/log.js';

const LIMIT_MS = 30_000;
const CLOSE_MS = 5_000;

interface Answer {
  readonly source: string;
  readonly request_id: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

/** An agent's channel, and what it has done. */
async function agent(
  t: TestContext,
  host: string,
  topics: { readonly commands: string; readonly answers?: string },
  {
    group = randomUUID(),
    brokers = testBrokers(),
    requests = new RequestMemory({ keepMs: 360_000 }),
    onCommand = () => {},
  }: {
    group?: string;
    brokers?: string;
    requests?: RequestMemory;
    onCommand?: () => void;
  } = {},
) {
  const done: unknown[] = [];
  const counts = new CommandCounts(['task_list']);
  const handler = {
    answer: (_: string, params: unknown) => {
      onCommand();
      return Promise.resolve(done.push(params));
    },
    changes: () => false,
  };
  const parts = { handler, requests, counts };
  const { log, records } = keptLog();
  const channel = await KafkaChannel.open(
    {
      topic: topics.commands,
      responseTopic: topics.answers,
      ...{ group, host, uncommitted: 'earliest' },
      properties: new Map([['bootstrap.servers', brokers]]),
    },
    { commands: new CommandTopic({ host, ttlMs: 300_000 }, parts), counts, log },
  );
  let isOpen = true;
  const close = async () => {
    if (isOpen) await channel.close(CLOSE_MS);
    isOpen = false;
  };
  t.after(close);
  return { channel, done, counts, records, close };
}

const command = (target: string, requestId: string, payload?: unknown) =>
  Buffer.from(
    JSON.stringify({
      ...{ version: 'v1', target, command: 'task_list', request_id: requestId, payload },
      timestamp: new Date().toISOString(),
    }),
  );

async function send(topic: string, ...values: readonly Buffer[]): Promise<void> {
  await sendMessages(
    topic,
    values.map((value) => ({ key: 'operator', value })),
  );
}

/** The answers in the topic once there are so many. */
async function answersIn(topic: string, count: number) {
  let found: { key: string; answer: Answer }[] = [];
  await waitFor(
    async () => {
      found = (await readMessages(topic)).map(({ key, value }) => ({
        key: String(key),
        answer: JSON.parse(String(value)) as Answer,
      }));
      return found.length >= count;
    },
    { limitMs: LIMIT_MS, what: `${count} answers` },
  );
  return found;
}

describe('a command topic', () => {
  test('reaches each of two agents, and both of them with *', async (t) => {
    const [commands, answers] = [await freshTopic(t), await freshTopic(t)];
    const one = await agent(t, 'edge-1', { commands, answers });
    const two = await agent(t, 'edge-2', { commands, answers });
    await send(commands, command('edge-1', 'a', 1), command('edge-2', 'b', 2));
    await send(commands, command('*', 'c', 3), command('edge-3', 'd', 4));
    const found = await answersIn(answers, 4);
    const who = found.map(({ key, answer }) => {
      assert.equal(key, answer.source);
      return `${key} ${answer.request_id}`;
    });
    assert.deepEqual(who.sort(), ['edge-1 a', 'edge-1 c', 'edge-2 b', 'edge-2 c']);
    assert.deepEqual(
      [one.done, two.done],
      [
        [1, 3],
        [2, 3],
      ],
    );
  });

  test('does nothing twice for an agent that starts again', async (t) => {
    const [commands, answers] = [await freshTopic(t), await freshTopic(t)];
    const group = randomUUID();
    const before = await agent(t, 'edge-1', { commands, answers }, { group });
    await send(commands, command('*', 'a', 1));
    await answersIn(answers, 1);
    await before.close();
    await send(commands, command('*', 'b', 2));
    const after = await agent(t, 'edge-1', { commands, answers }, { group });
    const found = await answersIn(answers, 2);
    assert.deepEqual(
      found.map(({ answer }) => answer.request_id),
      ['a', 'b'],
    );
    assert.deepEqual(after.done, [2]);
  });

  test('with a group that another agent has is refused', async (t) => {
    const commands = await freshTopic(t);
    const group = randomUUID();
    await send(commands, command('*', 'a', 1));
    const first = await agent(t, 'edge-1', { commands }, { group });
    await waitFor(() => first.done.length === 1, { limitMs: LIMIT_MS, what: 'the first to join' });
    await assert.rejects(agent(t, 'edge-2', { commands }, { group }), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(
          `^command_channel\\.kafka\\.group_id ${group}: kcap-edge-1-\\S+ at \\S+ reads commands with it already$`,
        ),
      );
      return true;
    });
    await send(commands, command('*', 'b', 2));
    await waitFor(() => first.done.length === 2, { limitMs: LIMIT_MS, what: 'the next command' });
  });

  test('answers or counts each of many messages, whatever they are', async (t) => {
    const commands = await freshTopic(t);
    const answers = await freshTopic(t);
    const { counts, done } = await agent(t, 'edge-1', { commands, answers });
    const count = 3000;
    const mixed = Array.from({ length: count }, (_, i) =>
      i % 3 === 0 ? Buffer.from(`rubbish ${i}`) : command(i % 3 === 1 ? '*' : 'edge-2', `r${i}`),
    );
    await send(commands, ...mixed.slice(0, count / 2));
    await send(commands, Buffer.alloc(900_000, '['));
    await send(commands, ...mixed.slice(count / 2), command('edge-1', 'r1'));
    const found = await answersIn(answers, count / 3 + 1);
    assert.equal(new Set(found.map(({ answer }) => answer.request_id)).size, count / 3);
    assert.equal(done.length, count / 3);
    const counted = Object.fromEntries([...counts.all()].map((each) => [each.result, each.count]));
    const third = count / 3;
    assert.deepEqual(counted, { not_mine: third, rubbish: third + 1, repeated: 1 });
  });

  test('with many commands leaves packets their turns of the event loop', async (t) => {
    const commands = await freshTopic(t);
    const count = 200;
    await send(commands, ...Array.from({ length: count }, (_, i) => command('*', `r${i}`, i)));
    const { work, mostInARow } = longWork(t);
    const { done } = await agent(t, 'edge-1', { commands }, { onCommand: work });
    await waitFor(() => done.length === count, { limitMs: LIMIT_MS, what: 'all commands' });
    assert.ok(mostInARow() <= 10, `${mostInARow()} commands in a row`);
  });
});

test('while the brokers are away, an agent goes on, and commands come once they are back', async (t) => {
  const port = await freePort();
  const { channel, records } = await agent(
    t,
    'edge-1',
    { commands: 'commands', answers: 'answers' },
    { brokers: `127.0.0.1:${port}` },
  );
  await waitFor(() => channel.problem !== undefined, { limitMs: LIMIT_MS, what: 'the problem' });
  assert.match(channel.problem ?? '', /Connection refused/);
  const broker = new InMemoryBroker(port);
  t.after(() => {
    broker.close();
  });
  makeTopic(broker, 'commands');
  makeTopic(broker, 'answers');
  await waitFor(() => channel.problem === undefined, { limitMs: LIMIT_MS, what: 'its end' });
  const said = records.filter(({ event }) => event === 'command-channel').map(({ level }) => level);
  assert.deepEqual(said, ['error', 'info']);
});
