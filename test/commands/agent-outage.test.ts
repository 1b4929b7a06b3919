import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { runningAgent } from '../agent/running-agent.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { tempFolder } from '../support/temp-folder.js';
import { useBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages, sendMessages } from '../support/topic.js';
import { topicSequence } from '../support/topic-sequence.js';
import { sendFrames } from '../support/traffic.js';
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

describe('brokers that die', { skip: noVeth }, () => {
  let kafka: RealKafka;
  before(async () => {
    kafka = await startRealKafka();
    useBrokers(kafka.brokers);
  });
  after(() => kafka.close());

  test('an agent spools and obeys its socket meanwhile; then commands, triggers and packets come', async (t) => {
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

    await kafka.restart();
    await command('b', { task_id: 'spools' }, 'task_status');
    const { packets_in: taken } = (await answerTo('b')).result as { packets_in: number };
    assert.equal(taken, sent);
    await said('trigger-listening', 'kafka', 2);
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
});
