import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { description, receiverReport } from '../support/rtp-packets.js';
import { heldBy, runningAgent } from '../support/running-agent.js';
import { framesOfCalls } from '../support/sip-calls.js';
import { sipRequest, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic, readMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;
const CALLS = 300;

interface Told {
  readonly pipeline_id: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The call's messages, and the threads that have reported them. */
function callsOf(
  records: readonly Told[],
): Map<string, { methods: string[]; threads: Set<number> }> {
  const calls = new Map<string, { methods: string[]; threads: Set<number> }>();
  for (const { pipeline_id, labels } of records) {
    const id = labels['sip.call_id'] ?? '';
    const call = calls.get(id) ?? { methods: [], threads: new Set() };
    calls.set(id, call);
    call.methods.push(labels['sip.method'] ?? labels['sip.status_code'] ?? '');
    call.threads.add(pipeline_id);
  }
  return calls;
}

/** Each call is there once and in order, all of it by one thread. Which threads there were. */
function checkCalls(records: readonly Told[], calls = CALLS): number[] {
  const found = callsOf(records);
  assert.equal(found.size, calls);
  const threads = new Set<number>();
  for (const call of found.values()) {
    assert.deepEqual(call.methods, ['INVITE', '200', 'BYE']);
    assert.equal(call.threads.size, 1);
    for (const thread of call.threads) threads.add(thread);
  }
  return [...threads].toSorted();
}

test('a sensor decodes in two threads, each message in one of them', { skip }, async (t) => {
  const veth = await vethPair(t);
  const frames = framesOfCalls(CALLS);
  const run = kcap(t, [
    ...['sip', '-i', veth.inside, '--workers', '2', '--report', 'json:'],
    ...['--sip-filter', '(not (method options))', '--log-format', 'json'],
  ]);
  const started = await run.started();
  assert.match(String(started['msg']), /capturing on \S+ in 2 threads, reporting SIP to json:/);
  await sendFrames(veth, frames);
  const lines = () => run.stdout.toString().split('\n').slice(0, -1);
  await waitFor(() => lines().length >= frames.length, { limitMs: 30_000, what: 'all messages' });
  run.signal('SIGINT');
  assert.equal((await run.exit).status, 0, run.stderr);
  const records = lines().map((line) => JSON.parse(line) as Told);
  assert.deepEqual(checkCalls(records), [0, 1]);
  const summary = run.summary() as unknown as Record<string, number> & {
    workers: { worker: number; packets_in: number }[];
  };
  assert.equal(summary['packets_in'], frames.length);
  assert.equal(summary['packets_out'], frames.length);
  assert.equal(summary['messages_out'], frames.length);
  assert.deepEqual(
    summary.workers.map(({ worker }) => worker),
    [1, 2],
  );
  assert.ok(summary.workers.every(({ packets_in }) => packets_in > 0));
});

test('RTCP is reported whichever thread has seen the messages of its call', { skip }, async (t) => {
  const veth = await vethPair(t);
  const run = kcap(t, [
    ...['sip', '-i', veth.inside, '--workers', '2', '--report', 'json:'],
    ...['--report', `hep://127.0.0.1:${await freePort()}?id=1`, '--log-format', 'json'],
  ]);
  await run.started();
  const calls = 20;
  // Media goes between other hosts than messages.
  const offers = Array.from({ length: calls }, (_, call) =>
    udpFrame(sipRequest('INVITE', `call-${call}`, [], description(`10.3.0.${call}`, 4000)), {
      ...{ from: `10.1.0.${call}`, to: `10.2.0.${call}` },
    }),
  );
  const reports = Array.from({ length: calls }, (_, call) =>
    udpFrame(receiverReport(), {
      ...{ from: `10.3.0.${call}`, to: '10.4.0.1', fromPort: 4001, toPort: 5001 },
    }),
  );
  const told = () =>
    run.stdout
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Told);
  await sendFrames(veth, offers);
  // It comes again and again, as RTCP does.
  const reported = async () => {
    await sendFrames(veth, reports);
    const found = told().map(({ labels }) => labels['rtcp.call_id']);
    return new Set(found).size === calls + 1;
  };
  await waitFor(reported, { limitMs: 30_000, what: 'RTCP of all calls' });
  const threadOf = (label: string) =>
    new Map(told().map(({ labels, pipeline_id }) => [labels[label], pipeline_id]));
  const [messages, rtcp] = [threadOf('sip.call_id'), threadOf('rtcp.call_id')];
  const others = [...messages].filter(([call, thread]) => call && rtcp.get(call) !== thread);
  assert.ok(others.length > 0);
  run.signal('SIGINT');
  await run.exit;
});

test('no thread captures what another one reports', { skip }, async (t) => {
  const collector = createSocket('udp4');
  let got = 0;
  collector.on('message', () => got++);
  collector.bind(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address();
  const run = kcap(t, [
    ...['sip', '-i', 'lo', '--workers', '2', '-f', `net 127.1.0.0/16 or udp port ${port}`],
    ...['--report', `hep://127.0.0.1:${port}?id=1`, '--log-format', 'json'],
  ]);
  await run.started();
  const calls = 20;
  for (let call = 0; call < calls; call++) {
    const phone = createSocket('udp4');
    phone.bind(0, `127.1.0.${call + 1}`);
    await once(phone, 'listening');
    phone.send(sipRequest('INVITE', `call-${call}`), 5060, `127.2.0.${call + 1}`, () => {
      phone.close();
    });
  }
  await waitFor(() => got >= calls, { limitMs: 30_000, what: 'all calls at the collector' });
  run.signal('SIGINT');
  assert.equal((await run.exit).status, 0, run.stderr);
  collector.close();
  // What is reported in HEP would be found again.
  const summary = run.summary() as unknown as Record<string, unknown>;
  assert.equal(summary['messages_in'], calls);
  const workers = summary['workers'] as readonly { readonly packets_in: number }[];
  assert.ok(workers.every(({ packets_in }) => packets_in > 0));
});

interface Status {
  readonly state: string;
  readonly reason?: string;
  readonly packets_in: number;
  readonly packets_out: number;
  readonly packets_filtered: number;
  readonly under_way: number;
  readonly reporters: Readonly<Record<string, { in: number; out: number }>>;
}

test(
  'a task of two threads sends each message once, is filtered without a gap, and leaves nothing',
  { skip },
  async (t) => {
    const veth = await vethPair(t);
    const topic = await freshTopic(t);
    const port = await freePort();
    const agent = await runningAgent(t, {
      configuration: { metrics: { listen: `127.0.0.1:${port}` } },
    });
    const config = {
      ...{ id: 'edge', workers: 2, parsers: ['sip'] },
      capture: {
        ...{ name: 'afpacket', interface: veth.inside, bpf_filter: 'udp port 5060' },
        config: { buffer_mib: 2 },
      },
      reporters: [{ name: 'kafka', config: { brokers: [testBrokers()], topic } }],
    };
    const status = async () =>
      (await agent.answer('task_status', { task_id: 'edge' })) as unknown as Status;
    const hasIn = (packets: number) =>
      waitFor(async () => (await status()).packets_in >= packets, {
        ...{ limitMs: 30_000, what: `${packets} packets` },
      });
    const comeAndGo = async () => {
      await agent.answer('task_create', { config });
      await agent.answer('task_delete', { task_id: 'edge' });
    };
    await comeAndGo();
    const before = await heldBy(agent.run.pid);

    await agent.answer('task_create', { config });
    const frames = framesOfCalls(CALLS);
    await sendFrames(veth, frames);
    await hasIn(frames.length);
    // What both filters let pass comes all the while.
    const more = framesOfCalls(CALLS, CALLS);
    const sending = sendFrames(veth, more);
    await agent.answer('task_filter', { task_id: 'edge', bpf_filter: 'udp portrange 5000-5100' });
    await sending;
    await hasIn(frames.length + more.length);
    await assert.rejects(
      agent.answer('task_filter', { task_id: 'edge', bpf_filter: 'no filter' }),
      /'no filter': .*syntax error/,
    );
    await agent.answer('task_filter', { task_id: 'edge', bpf_filter: 'host 10.9.9.9' });
    await sendFrames(veth, framesOfCalls(1, 9999));

    const all = frames.length + more.length;
    const settled = async () => {
      const { packets_in, packets_out, packets_filtered, under_way } = await status();
      assert.equal(packets_in, packets_out + packets_filtered + under_way);
      return packets_out === all && under_way === 0;
    };
    await waitFor(settled, { limitMs: 30_000, what: 'all packets in the account' });
    const url = `http://127.0.0.1:${port}/metrics`;
    const metrics = await (await fetch(url, { headers: { connection: 'close' } })).text();
    const parsed = ['1', '2'].map((pipeline) => {
      const series = new RegExp(
        `^kcap_pipeline_packets_total{task="edge",pipeline="${pipeline}",stage="parsed"} (\\d+)$`,
        'm',
      );
      return Number(series.exec(metrics)?.[1]);
    });
    assert.ok(
      parsed.every((messages) => messages > 0),
      String(parsed),
    );
    assert.equal((parsed[0] ?? 0) + (parsed[1] ?? 0), all);

    await agent.answer('task_delete', { task_id: 'edge' });
    const sent = await readMessages(topic);
    const records = sent.map(({ value }) => JSON.parse(String(value)) as Told);
    assert.deepEqual(checkCalls(records, 2 * CALLS), [0, 1]);

    for (let times = 0; times < 2; times++) await comeAndGo();
    const isAsBefore = async () => {
      const now = await heldBy(agent.run.pid);
      return now.descriptors <= before.descriptors && now.threads <= before.threads;
    };
    await waitFor(isAsBefore, { limitMs: 30_000, what: `no more than ${JSON.stringify(before)}` });
  },
);

/** Node's option with which all threads but the first do something once the file is there. */
async function onceThere(file: string, folder: string, what: string): Promise<string> {
  const preload = path.join(folder, 'preload.mjs');
  await writeFile(
    preload,
    `import { isMainThread } from 'node:worker_threads';
import { unlinkSync } from 'node:fs';
function look() {
  try {
    unlinkSync(${JSON.stringify(file)});
  } catch {
    return;
  }
  ${what}
}
if (!isMainThread) setInterval(look, 20).unref();
`,
  );
  return `--import=${preload}`;
}

test('a thread that hangs is ended once the drain timeout is over', { skip }, async (t) => {
  const veth = await vethPair(t);
  const folder = await tempFolder(t);
  const signal = path.join(folder, 'hang');
  const NODE_OPTIONS = await onceThere(signal, folder, 'for (;;);');
  const run = kcap(
    t,
    [
      ...['sip', '-i', veth.inside, '--workers', '2', '--report', 'json:'],
      ...['--drain-timeout', '1', '--log-format', 'json'],
    ],
    { env: { NODE_OPTIONS } },
  );
  await run.started();
  await writeFile(signal, '');
  await waitFor(() => !existsSync(signal), { limitMs: 30_000, what: 'the thread to hang' });
  run.signal('SIGINT');
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.match(run.stderr, /worker [12] does not stop, and is ended as it stands/);
});

test('a thread that throws ends the run of its task, which begins again', { skip }, async (t) => {
  const veth = await vethPair(t);
  const folder = await tempFolder(t);
  const signal = path.join(folder, 'throw');
  // What a bug would do, in whichever worker comes first.
  const NODE_OPTIONS = await onceThere(signal, folder, "throw new Error('a bug of the test');");
  const agent = await runningAgent(t, { env: { NODE_OPTIONS } });
  const config = {
    ...{ id: 'edge', workers: 2, parsers: ['sip'] },
    capture: { name: 'afpacket', interface: veth.inside, config: { buffer_mib: 2 } },
    reporters: [{ name: 'console', config: { format: 'json' } }],
  };
  await agent.answer('task_create', { config });
  const frames = framesOfCalls(CALLS);
  const outAre = (messages: number) => async () => {
    const { tasks } = await agent.answer('daemon_stats');
    const { edge } = tasks as { edge: Status };
    return edge.state === 'running' && edge.reporters['console']?.out === messages;
  };
  await sendFrames(veth, frames);
  await waitFor(outAre(frames.length), { limitMs: 30_000, what: 'the first messages' });
  await writeFile(signal, '');
  await agent.run.waitForLog(
    ({ event, msg }) =>
      event === 'task-retry' &&
      /worker [12]: a bug in kcap: a bug of the test; trying again in 1 s$/.test(String(msg)),
  );
  assert.ok(!existsSync(signal));
  const runs = () => agent.run.records.filter(({ state }) => state === 'running').length;
  await waitFor(() => runs() === 2, { limitMs: 30_000, what: 'its second run' });
  await sendFrames(veth, frames);
  await waitFor(outAre(2 * frames.length), { limitMs: 30_000, what: 'the second ones' });
});
