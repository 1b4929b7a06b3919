import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import kafkaClient from 'node-rdkafka';

import { fastFlood } from '../support/fast-traffic.js';
import { freePort } from '../support/free-port.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { runningAgent } from '../support/running-agent.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers, useBrokers } from '../support/test-brokers.js';
import {
  alterTopic,
  countMessages,
  freshTopic,
  readMessages,
  sendMessages,
} from '../support/topic.js';
import { topicSequence } from '../support/topic-sequence.js';
import { afterTraffic, sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 60_000;
const FRAMES = 500;
const FRAME_BYTES = 100;

interface Answer {
  readonly request_id?: string;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A task whose id another one has. */
const TAKEN = {
  id: 'load',
  capture: { name: 'afpacket', interface: 'lo' },
  reporters: ['console'],
};
const LARGE_BYTES = 10_000_000;
const SECONDS = 10;
const PACKETS_PER_SECOND = 50_000;
const COMMANDS_PER_SECOND = 1000;

describe('brokers of an agent', { skip: noVeth }, () => {
  let kafka: RealKafka;
  before(async () => {
    kafka = await startRealKafka();
    useBrokers(kafka.brokers);
  });
  after(() => kafka.close());

  test('that bring a thousand commands a second, rubbish and ten megabytes, cost no packet at 50,000 a second', async (t) => {
    const veth = await vethPair(t);
    const [commands, answers, packets] = [
      ...[await freshTopic(t), await freshTopic(t), await freshTopic(t)],
    ] as const;
    await alterTopic(commands, 'max.message.bytes', String(2 * LARGE_BYTES));
    const port = await freePort();
    const agent = await runningAgent(t, {
      configuration: {
        node: { hostname: 'edge-1' },
        kafka: { brokers: [kafka.brokers] },
        metrics: { listen: `127.0.0.1:${port}` },
        command_channel: {
          enabled: true,
          kafka: { topic: commands, response_topic: answers, auto_offset_reset: 'earliest' },
        },
      },
    });
    const config = {
      id: 'load',
      capture: { name: 'afpacket', interface: veth.inside },
      reporters: [{ name: 'frames', config: { topic: packets, pack: true } }],
    };
    await agent.answer('task_create', { config });
    const flooding = fastFlood(veth, {
      ...{ packetsPerSecond: PACKETS_PER_SECOND, frameBytes: FRAME_BYTES, seconds: SECONDS },
    });
    for (let second = 0; second < SECONDS; second++) {
      await afterTraffic(veth, second * PACKETS_PER_SECOND + 1000);
      const first = second * COMMANDS_PER_SECOND;
      const values = Array.from({ length: COMMANDS_PER_SECOND }, (_, i) => anyMessage(first + i));
      await sendMessages(
        commands,
        values.map((value) => ({ value })),
      );
      if (second === SECONDS / 2) await sendLarge(commands, Buffer.alloc(LARGE_BYTES, '{'));
    }
    const tenth = (SECONDS * COMMANDS_PER_SECOND) / 10;
    const expected = {
      ...{ ok: 4 * tenth, error: 2 * tenth, repeated: tenth },
      ...{ not_mine: tenth, rubbish: 2 * tenth + 1 },
    };
    const counts = async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const sums: Record<string, number> = {};
      const series = /^kcap_commands_total\{channel="kafka".*"(\w+)"\} (\d+)$/gm;
      for (const [, result = '', count] of metrics.matchAll(series))
        sums[result] = (sums[result] ?? 0) + Number(count);
      return sums;
    };
    const all = Object.values(expected).reduce((sum, count) => sum + count);
    const areAllCounted = async () =>
      Object.values(await counts()).reduce((sum, count) => sum + count, 0) >= all;
    await waitFor(areAllCounted, { limitMs: LIMIT_MS, what: 'all commands' });
    assert.deepEqual(await counts(), expected);
    await waitFor(async () => (await countMessages(answers)) >= 7 * tenth, {
      limitMs: LIMIT_MS,
      what: 'an answer to each command',
    });
    assert.equal(await countMessages(answers), 7 * tenth);
    const { packets: sent } = await flooding;
    await agent.answer('task_stop', { task_id: 'load' });
    const { packets_out: out, drops } = await agent.answer('task_status', { task_id: 'load' });
    assert.deepEqual([out, drops], [sent, { kernel: 0, interface: 0 }]);
  });

  test('that die: it spools and obeys its socket meanwhile; then commands, triggers and packets come', async (t) => {
    const veth = await vethPair(t);
    const folder = path.join(await tempFolder(t), 'captures');
    await mkdir(folder);
    const [commands, answers, packets, alerts] = [
      ...[await freshTopic(t), await freshTopic(t), await freshTopic(t), await freshTopic(t)],
    ] as const;
    const agent = await runningAgent(t, {
      configuration: {
        node: { hostname: 'edge-1' },
        kafka: { brokers: [kafka.brokers] },
        command_channel: {
          enabled: true,
          kafka: { topic: commands, response_topic: answers, auto_offset_reset: 'earliest' },
        },
        triggers: {
          general: { writelocal: true, localdir: folder },
          kafka: { listen: true, topic: alerts, response_topic: answers },
        },
      },
    });
    const said = (event: string, source: string, count: number) =>
      agent.run.waitForLog(
        () =>
          agent.run.records.filter((one) => one.event === event && one['source'] === source)
            .length >= count,
        LIMIT_MS,
      );
    const until = (what: string, condition: () => Promise<boolean>) =>
      waitFor(condition, { limitMs: LIMIT_MS, what });
    const command = (requestId: string, payload: object, name = 'task_create') =>
      sendMessages(commands, [
        {
          value: Buffer.from(
            JSON.stringify({
              ...{ version: 'v1', target: 'edge-1', command: name, request_id: requestId, payload },
              timestamp: new Date().toISOString(),
            }),
          ),
        },
      ]);
    const answerTo = (requestId: string) =>
      waitFor(
        async () =>
          (await readMessages(answers))
            .map(({ value }) => JSON.parse(String(value)) as Answer)
            .find((answer) => answer.request_id === requestId),
        { limitMs: LIMIT_MS, what: `the answer to ${requestId}` },
      );
    const status = () => agent.answer('task_status', { task_id: 'spools' });
    let sent = 0;
    const send = async () => {
      await sendFrames(
        veth,
        Array.from({ length: FRAMES }, () => numberedFrame(sent++, FRAME_BYTES)),
      );
      await until('the packets', async () => Number((await status())['packets_in']) >= sent);
    };

    const config = {
      id: 'spools',
      capture: { name: 'afpacket', interface: veth.inside },
      reporters: [{ name: 'frames', config: { topic: packets }, fallback: 'spool' }],
    };
    await command('a', { config });
    assert.deepEqual((await answerTo('a')).result, { task_id: 'spools', status: 'created' });
    await said('trigger-listening', 'kafka', 1);
    await send();
    await until('packets in Kafka', async () => (await countMessages(packets)) === FRAMES);

    await kafka.kill();
    await send();
    await said('trigger-away', 'kafka', 1);
    await until('the channel to be away', () =>
      Promise.resolve(
        agent.run.records.some(
          ({ event, level }) => event === 'command-channel' && level === 'error',
        ),
      ),
    );
    // What needs the brokers waits for them; what does not goes on.
    const waiting = {
      ...{ id: 'waits', capture: { ...config.capture, bpf_filter: 'udp port 9' } },
      reporters: [{ name: 'frames', config: { topic: packets } }],
    };
    await agent.answer('task_create', { config: waiting });
    const stateOf = async (id: string) =>
      (await agent.answer('task_status', { task_id: id }))['status'];
    assert.equal(await stateOf('waits'), 'starting');
    const local = { ...config, id: 'needs-none', reporters: [{ name: 'console' }] };
    await agent.answer('task_create', { config: local });
    assert.equal(await stateOf('needs-none'), 'running');
    await agent.answer('task_delete', { task_id: 'needs-none' });
    await send();

    // All of its clients together say each thing once.
    const complaintsNow = () =>
      agent.run.records
        .map(({ msg }) => String(msg).replaceAll(/\d+ms/g, ''))
        .filter((text) => text.startsWith('Kafka: '));
    await waitFor(() => complaintsNow().length > 0, { limitMs: LIMIT_MS, what: 'a complaint' });
    const complaints = complaintsNow();
    assert.equal(new Set(complaints).size, complaints.length, complaints.join('\n'));

    await kafka.restart();
    await command('b', { task_id: 'spools' }, 'task_status');
    const { packets_in: taken } = (await answerTo('b')).result as { packets_in: number };
    assert.equal(taken, sent);
    await said('trigger-listening', 'kafka', 2);
    const back = () => agent.run.records.filter(({ event }) => event === 'brokers-back').length;
    await until('the clients to say so', () => Promise.resolve(back() === 1));
    await until('the task that waits', async () => (await stateOf('waits')) === 'running');
    const message = { node: 'edge-1', interface: [veth.inside], packets: 1 };
    await sendMessages(alerts, [{ value: Buffer.from(JSON.stringify(message)) }]);
    await said('capture-started', 'kafka', 1);
    await send();
    await said('capture-ended', 'kafka', 1);
    assert.equal((await readdir(folder)).length, 1);

    await agent.answer('task_stop', { task_id: 'spools' });
    const { packets_out: out, packets_failed: failed } = await status();
    assert.deepEqual([out, failed], [sent, 0]);
    assert.deepEqual(await topicSequence(packets, FRAME_BYTES), {
      frames: sent,
      missing: 0,
      repeated: 0,
    });
  });

  test('that die: two agents do what is for all of them once each, also after one was killed', async (t) => {
    const [commands, answers] = [await freshTopic(t), await freshTopic(t)];
    const begin = (hostname: string, folder?: string) =>
      runningAgent(t, {
        ...(folder !== undefined && { folder }),
        configuration: {
          node: { hostname },
          kafka: { brokers: [kafka.brokers] },
          command_channel: {
            enabled: true,
            kafka: { topic: commands, response_topic: answers, auto_offset_reset: 'earliest' },
          },
        },
      });
    const one = await begin('edge-1');
    const two = await begin('edge-2');
    const wait = { name: 'afpacket', interface: 'lo', bpf_filter: 'udp port 9' };
    const create = (id: string) => ({
      config: { id, capture: wait, reporters: [{ name: 'console' }] },
    });
    /** Each agent's answer to what goes to both; one that comes again has to be the same. */
    const ask = async (name: string, payload: object) => {
      const requestId = randomUUID();
      const asked = {
        ...{ version: 'v1', target: '*', command: name, request_id: requestId, payload },
        timestamp: new Date().toISOString(),
      };
      await sendMessages(commands, [{ value: Buffer.from(JSON.stringify(asked)) }]);
      const found = await waitFor(
        async () => {
          const all = (await readMessages(answers))
            .map(({ value }) => JSON.parse(String(value)) as Answer & { source: string })
            .filter((answer) => answer.request_id === requestId);
          return new Set(all.map(({ source }) => source)).size === 2 ? all : undefined;
        },
        { limitMs: LIMIT_MS, what: `two answers to ${name}` },
      );
      for (const { result, error } of found)
        assert.deepEqual([result, error], [found[0]?.result, undefined]);
      return found[0]?.result;
    };
    const isAway = ({ event, level }: { event?: unknown; level?: unknown }) =>
      event === 'command-channel' && level === 'error';

    assert.deepEqual(await ask('task_create', create('a')), { task_id: 'a', status: 'created' });
    await kafka.kill();
    await Promise.all([one, two].map(({ run }) => run.waitForLog(isAway, LIMIT_MS)));
    await kafka.restart();
    assert.deepEqual(await ask('task_delete', { task_id: 'a' }), {
      task_id: 'a',
      status: 'deleted',
    });
    assert.deepEqual(await ask('task_create', create('b')), { task_id: 'b', status: 'created' });
    two.run.signal('SIGKILL');
    await two.run.exit;
    const again = await begin('edge-2', two.folder);
    // What is read anew comes before this.
    assert.deepEqual(await ask('task_create', create('c')), { task_id: 'c', status: 'created' });
    for (const { answer } of [one, again]) {
      const { tasks } = await answer('task_list');
      assert.deepEqual((tasks as string[]).toSorted(), ['b', 'c']);
    }
  });
});

/** Of ten messages in a row two are rubbish, one is for somebody else, and seven are answered. */
function anyMessage(number: number): Buffer {
  const of = (command: string, changed: object = {}) =>
    Buffer.from(
      JSON.stringify({
        ...{ version: 'v1', target: 'edge-1', command, request_id: `r${number}` },
        timestamp: new Date().toISOString(),
        ...changed,
      }),
    );
  switch (number % 10) {
    case 0:
      return Buffer.from(`rubbish ${number}`);
    case 1:
      return of('task_list', { version: 'v9' });
    case 2:
      return of('task_list', { target: 'edge-2' });
    case 3:
      return of('task_status', { payload: { task_id: 'load' } });
    case 4:
      return of('daemon_stats');
    case 5:
      return of('interface_list');
    case 6:
      return of('task_create', { payload: { config: TAKEN } });
    case 7:
      return of('task_fly');
    case 8:
      return of('task_list');
    default:
      return of('task_list', { request_id: `r${number - 1}` });
  }
}

/** A message that is larger than clients send by themselves. */
async function sendLarge(topic: string, value: Buffer): Promise<void> {
  const producer = new kafkaClient.Producer({
    ...{ 'bootstrap.servers': testBrokers(), 'message.max.bytes': 2 * value.length },
  });
  await once(producer.connect(), 'ready');
  try {
    producer.produce(topic, null, value);
    await new Promise<void>((resolve, reject) => {
      producer.flush(LIMIT_MS, (error: unknown) => {
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
  } finally {
    producer.disconnect();
  }
}
