import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { capturingAgent } from '../support/capturing-agent.js';
import { peakMemory, residentMemory } from '../support/process-memory.js';
import { redisServer } from '../support/redis-server.js';
import { flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const MESSAGES = 30;
const AT_ONCE = 4;
const MOST_BYTES = 6_000_000;
const RING_BYTES = 32 * 1024 * 1024;
/** What was read from the rings until it is collected, and the heap. */
const REST_BYTES = 100_000_000;

test(
  'thirty messages at once on four interfaces wait in order, and memory holds so many captures and no more',
  { skip: noVeth },
  async (t) => {
    const veths = await Promise.all([1, 2, 3, 4].map(() => vethPair(t)));
    const redis = await redisServer(t);
    const general = { maxpackets: 1_000_000, maxbytes: MOST_BYTES, maxcaptures: AT_ONCE };
    const agent = await capturingAgent(t, {
      redis: { listen: true, host: '127.0.0.1', port: redis.port, channel: 'capture' },
      general: { ...general, defaulttimeout: 60 },
    });
    await redis.subscribed('capture');
    const idle = await residentMemory(agent.run.pid);
    for (let number = 1; number <= MESSAGES; number++) {
      const { inside = '' } = veths[number % veths.length] ?? {};
      const message = { node: 'any', interface: [inside], alertid: number };
      await redis.publish('capture', JSON.stringify(message));
    }
    // As long as it takes: what a capture has too few packets for ends with the next ones.
    const ended = () => agent.run.records.filter(({ event }) => event === 'capture-ended');
    for (let round = 0; ended().length < MESSAGES; round++) {
      assert.ok(round < 20, `only ${ended().length} have ended`);
      const load = { packetsPerSecond: 8000, frameBytes: 1400, seconds: 1 };
      await Promise.all(veths.map((veth) => flood(veth, load)));
    }
    assert.deepEqual(
      new Set(ended().map(({ ended_by: by, result }) => `${String(by)} ${String(result)}`)),
      new Set(['bytes sent']),
    );
    assert.equal((await readdir(agent.captures)).length, MESSAGES);
    // None of them had its turn before those that came earlier.
    const alerts = ended().map(({ tags }) => Number(/alertid:(\d+)/.exec(String(tags))?.[1]));
    assert.ok(
      alerts.every((alert, index) => alert <= index + AT_ONCE),
      String(alerts),
    );
    const peak = await peakMemory(agent.run.pid);
    const bound = idle + AT_ONCE * (MOST_BYTES + RING_BYTES) + REST_BYTES;
    t.diagnostic(`${peak / 1e6} of ${bound / 1e6} MB at the peak`);
    assert.ok(peak <= bound, `${peak / 1e6} MB`);
  },
);

test('tasks and captures share the memory that the agent may take', async (t) => {
  const general = { maxbytes: 10_000_000, defaulttimeout: 60 };
  const agent = await capturingAgent(t, { general }, { resources: { max_memory: '150M' } });
  // Nothing of it comes.
  const nothing = 'ether proto 0x88b6';
  const task = (id: string, ringMiB: number) => ({
    config: {
      id,
      capture: {
        ...{ name: 'afpacket', interface: 'lo', bpf_filter: nothing },
        config: { buffer_mib: ringMiB },
      },
      reporters: [{ name: 'console' }],
    },
  });
  const message = { node: 'any', interface: ['lo'], bpf: nothing };
  const capture = () =>
    agent.answer('capture', message) as Promise<{
      readonly captures: readonly { readonly ended_by?: string }[];
    }>;
  const started = (count: number) =>
    agent.run.waitForLog(
      () => agent.run.records.filter(({ event }) => event === 'capture-started').length >= count,
    );
  await agent.answer('task_create', task('huge', 100));
  await assert.rejects(
    capture(),
    /lo: bytes: 10000000 and a ring of 32 MiB are above what tasks leave \(38 MiB\) of resources\.max_memory \(150 MiB\)/,
  );
  await agent.answer('task_delete', { task_id: 'huge' });
  await agent.answer('task_create', task('small', 32));
  const first = capture();
  await started(1);
  await assert.rejects(
    agent.answer('task_create', task('large', 64)),
    /it takes 76 MiB, and 86 of 150 MiB are taken/,
  );
  // There is room for another capture, and none for a third one until the task has gone.
  const second = capture();
  await started(2);
  const third = capture();
  await agent.answer('task_delete', { task_id: 'small' });
  await started(3);
  agent.run.signal('SIGTERM');
  const ends = (await Promise.all([first, second, third])).map(({ captures }) => captures);
  assert.deepEqual(
    ends.flat().map(({ ended_by: by }) => by),
    ['stop', 'stop', 'stop'],
  );
});
