import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';

import { makeTopic } from '../kafka/in-memory.js';
import { freePort } from '../support/free-port.js';
import { numberedFrame, numberOf } from '../support/numbered-frames.js';
import { runningAgent, type RunningAgent } from '../support/running-agent.js';
import { callFrames, framesOfCalls } from '../support/sip-calls.js';
import { testBrokers, useBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages } from '../support/topic.js';
import { flood, sendFrames } from '../support/traffic.js';
import { noVeth, vethPair, type VethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const FRAME_BYTES = 200;
const PACKETS_PER_SECOND = 1000;
const LIMIT = { limitMs: 30_000 };
const AT_ONCE = 50;

/** What each message in the topic is of, which no two have in common where nothing is there twice. */
const frameIn = (value: Buffer | null) => String(value && numberOf(value));
const messageIn = (value: Buffer | null) => {
  const { labels } = JSON.parse(String(value)) as { labels: Record<string, string> };
  return `${labels['sip.call_id']} ${labels['sip.method'] ?? labels['sip.status_code']}`;
};

describe('an agent that is killed goes on', { skip: noVeth }, () => {
  const cases = [
    {
      ...{
        what: 'frames, with a spool',
        frame: (number: number) => numberedFrame(number, FRAME_BYTES),
      },
      task: (topic: string) => ({
        reporters: [{ name: 'frames', config: { topic }, fallback: 'spool' }],
      }),
      idOf: frameIn,
    },
    {
      ...{ what: 'messages of two threads', frame: inviteOf },
      task: (topic: string) => ({
        ...{ workers: 2, parsers: ['sip'] },
        reporters: [{ name: 'kafka', config: { topic } }],
      }),
      idOf: messageIn,
    },
  ];
  for (const { what, frame, task, idOf } of cases)
    test(`under load, with ${what}: what was acknowledged is there, and nothing twice`, async (t) => {
      const veth = await vethPair(t);
      const topic = await freshTopic(t);
      const configuration = { kafka: { brokers: [testBrokers()] } };
      const one = await runningAgent(t, { configuration });
      const config = {
        id: 'load',
        capture: { name: 'afpacket', interface: veth.inside, config: { buffer_mib: 16 } },
        ...task(topic),
      };
      await one.answer('task_create', { config });
      const endTraffic = beginTraffic(veth, frame);
      const before = await outOf(one);
      one.run.signal('SIGKILL');
      await one.run.exit;
      const two = await runningAgent(t, { folder: one.folder, configuration });
      await outOf(two);
      await endTraffic();
      await two.answer('task_stop', { task_id: 'load' });
      const { out: sent, failed } = await reportOf(two, 'load');
      assert.equal(failed, 0);
      const found = (await readMessages(topic)).map(({ value }) => idOf(value));
      // Of those before the kill, some may have been sent and not yet counted.
      assert.ok(found.length >= before + sent, `${found.length} messages`);
      assert.equal(new Set(found).size, found.length);
    });

  test('while brokers are away: what it has spooled is sent once they are there, and nothing twice', async (t) => {
    const veth = await vethPair(t);
    const port = await freePort();
    const brokers = `127.0.0.1:${port}`;
    const configuration = { kafka: { brokers: [brokers] } };
    const one = await runningAgent(t, { configuration });
    const capture = { name: 'afpacket', interface: veth.inside };
    const frames = {
      ...{ id: 'frames', capture: { ...capture, bpf_filter: 'ether proto 0x88b5' } },
      reporters: [{ name: 'frames', config: { topic: 'frames' }, fallback: 'spool' }],
    };
    const messages = {
      ...{ id: 'messages', workers: 2, parsers: ['sip'] },
      capture: { ...capture, bpf_filter: 'udp port 5060' },
      reporters: [
        {
          ...{ name: 'kafka', config: { topic: 'messages' }, fallback: 'spool' },
          ...{ send_timeout: '100ms', max_retries: 0 },
        },
      ],
    };
    for (const config of [frames, messages]) await one.answer('task_create', { config });
    // What comes while a client still tries waits in memory; what comes after that is spooled.
    let sent = 0;
    const spooled = async () => {
      const calls = framesOfCalls(AT_ONCE, sent);
      const numbered = calls.map((_, index) => numberedFrame(3 * sent + index, FRAME_BYTES));
      sent += AT_ONCE;
      await sendFrames(veth, [...calls, ...numbered]);
      const counts = await Promise.all(
        [frames, messages].map(async ({ id }) => (await reportOf(one, id)).spooled),
      );
      return counts.every((count) => count > 3 * AT_ONCE) && counts;
    };
    const kept = await waitFor(spooled, { ...LIMIT, what: 'spooled frames and messages' });
    one.run.signal('SIGKILL');
    await one.run.exit;

    const two = await runningAgent(t, { folder: one.folder, configuration });
    const broker = new InMemoryBroker(port);
    t.after(() => {
      broker.close();
    });
    for (const { id } of [frames, messages]) makeTopic(broker, id);
    const usual = testBrokers();
    useBrokers(brokers);
    t.after(() => {
      useBrokers(usual);
    });
    for (const [index, { id }] of [frames, messages].entries()) {
      const expected = kept[index] ?? NaN;
      await waitFor(async () => (await countMessages(id)) >= expected, {
        ...{ ...LIMIT, what: `${expected} ${id}` },
      });
      await two.answer('task_delete', { task_id: id });
      const idOf = id === 'frames' ? frameIn : messageIn;
      const found = (await readMessages(id)).map(({ value }) => idOf(value));
      assert.equal(new Set(found).size, found.length, id);
    }
  });
});

/** The first message of a call of its own. */
function inviteOf(number: number): Buffer {
  const [invite] = callFrames(number);
  if (!invite) throw new Error('a call begins with a message');
  return invite;
}

/** Sends frames that have a number each, until it is told to end. */
function beginTraffic(veth: VethPair, frame: (number: number) => Buffer): () => Promise<void> {
  let isOver = false;
  const send = async () => {
    for (let first = 0; !isOver; first += PACKETS_PER_SECOND)
      await flood(veth, {
        ...{ packetsPerSecond: PACKETS_PER_SECOND, frameBytes: FRAME_BYTES, seconds: 1 },
        frame: (number) => frame(first + number),
      });
  };
  const sending = send();
  return () => {
    isOver = true;
    return sending;
  };
}

interface Report {
  readonly out: number;
  readonly failed: number;
  readonly spooled: number;
}

/** The account of a task's only reporter. */
async function reportOf(agent: RunningAgent, id: string): Promise<Report> {
  const { reporters } = await agent.answer('task_status', { task_id: id });
  const [report] = Object.values(reporters as Record<string, Report>);
  // There is none until it runs.
  return report ?? { out: 0, failed: 0, spooled: 0 };
}

/** Waits until the brokers have acknowledged more than some: how many. */
async function outOf(agent: RunningAgent): Promise<number> {
  const out = async () => {
    const { out: count } = await reportOf(agent, 'load');
    return count > 500 && count;
  };
  return waitFor(out, { ...LIMIT, what: 'more than 500 to be acknowledged' });
}
