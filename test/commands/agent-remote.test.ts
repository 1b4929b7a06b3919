import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';

import { freePort } from '#support/free-port.js';
import { kcap } from '#support/kcap.js';
import { pcapFile } from '#support/pcap-file.js';
import { packetsOf, sipRequest, udpFrame } from '#support/sip-packets.js';
import { tempFolder } from '#support/temp-folder.js';
import { testBrokers } from '#support/test-brokers.js';
import { spawnTied } from '#support/tied-process.js';
import { freshTopic, readMessages, sendMessages } from '#support/topic.js';
import { waitFor } from '#support/wait-for.js';

const LIMIT_MS = 30_000;
const CALLS = 7;

interface Answer {
  readonly source: string;
  readonly command: string;
  readonly request_id: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** An agent with a command topic and metrics, whose configuration can be changed. */
async function remoteAgent(t: TestContext) {
  const folder = await tempFolder(t);
  const file = path.join(folder, 'agent.yaml');
  const [commands, answers, port] = [await freshTopic(t), await freshTopic(t), await freePort()];
  const configure = (changed: Readonly<Record<string, unknown>> = {}) =>
    writeFile(
      file,
      JSON.stringify({
        kcap: {
          node: { hostname: 'edge-1' },
          control: { socket: path.join(folder, 'agent.sock') },
          data_dir: path.join(folder, 'data'),
          kafka: { brokers: [testBrokers()] },
          command_channel: {
            enabled: true,
            kafka: { topic: commands, response_topic: answers, auto_offset_reset: 'earliest' },
          },
          metrics: { listen: `127.0.0.1:${port}` },
          ...changed,
        },
      }),
    );
  await configure();
  const run = kcap(t, ['agent', '--config', file]);
  await run.waitForLog(({ event }) => event === 'agent-started', LIMIT_MS);

  let asked = 0;
  /** As capture-agent's clients ask, and are answered. */
  const ask = async (command: string, payload?: unknown): Promise<Answer> => {
    const requestId = `req-${++asked}`;
    // Go writes nanoseconds.
    const timestamp = new Date().toISOString().replace('Z', '123456Z');
    const message = { version: 'v1', target: 'edge-1', command, timestamp, request_id: requestId };
    const value = Buffer.from(JSON.stringify({ ...message, payload }));
    await sendMessages(commands, [{ value }]);
    return waitFor(
      async () => {
        const found = (await readMessages(answers)).map(
          ({ value: answer }) => JSON.parse(String(answer)) as Answer,
        );
        return found.find((answer) => answer.request_id === requestId);
      },
      { limitMs: LIMIT_MS, what: `the answer to ${command}` },
    );
  };
  const get = async (page: string) => (await fetch(`http://127.0.0.1:${port}${page}`)).text();
  return { run, folder, port, ask, get, configure };
}

/** A capture file with so many calls. */
async function callsIn(folder: string): Promise<string> {
  const file = path.join(folder, 'calls.pcap');
  const frames = Array.from({ length: CALLS }, (_, i) =>
    udpFrame(sipRequest('INVITE', `call-${i}`)),
  );
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

/** The value of each series of a metric, by its labels. */
function seriesOf(metrics: string, name: string): Record<string, number> {
  const found = [...metrics.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))];
  return Object.fromEntries(found.map(([, labels = '', value]) => [labels, Number(value)]));
}

async function complaintsOf(metrics: string): Promise<string> {
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  promtool.stdin.end(metrics);
  const [said, complained] = await Promise.all([text(promtool.stdout), text(promtool.stderr)]);
  return said + complained;
}

test('a task is created, watched and deleted from afar, and its metrics say what Kafka holds', async (t) => {
  const { ask, get, folder } = await remoteAgent(t);
  const topic = await freshTopic(t);
  const config = {
    id: 'sip-edge',
    capture: { name: 'file', path: await callsIn(folder) },
    parsers: ['sip'],
    reporters: [{ name: 'kafka', config: { topic } }],
  };
  const created = await ask('task_create', { config });
  assert.deepEqual(created.result, { task_id: 'sip-edge', status: 'created' });
  assert.deepEqual([created.source, created.command], ['edge-1', 'task_create']);
  await waitFor(async () => (await readMessages(topic)).length === CALLS, {
    limitMs: LIMIT_MS,
    what: 'the calls in Kafka',
  });
  const state = 'task="sip-edge",status="stopped"';
  await waitFor(async () => seriesOf(await get('/metrics'), 'kcap_task_status')[state] === 1, {
    limitMs: LIMIT_MS,
    what: 'the end of the file',
  });

  const metrics = await get('/metrics');
  assert.equal(await complaintsOf(metrics), '');
  assert.deepEqual(seriesOf(metrics, 'kcap_reporter_sent_total'), {
    'task="sip-edge",reporter="kafka"': CALLS,
  });
  const stage = (name: string) => `task="sip-edge",pipeline="1",stage="${name}"`;
  const packets = seriesOf(metrics, 'kcap_pipeline_packets_total');
  for (const name of ['decoded', 'parsed', 'reported']) assert.equal(packets[stage(name)], CALLS);
  assert.equal(
    seriesOf(metrics, 'kcap_pipeline_latency_seconds_count')['task="sip-edge",stage="decode"'],
    1,
  );

  const { result = {} } = await ask('task_status', { task_id: 'sip-edge' });
  assert.equal(result['status'], 'stopped');
  assert.equal(result['messages_out'], CALLS);
  assert.deepEqual((await ask('task_list')).result, { tasks: ['sip-edge'], count: 1 });
  assert.equal((await ask('daemon_shutdown')).error?.code, -32001);
  assert.equal((await ask('task_delete', { task_id: 'nobody' })).error?.code, -32603);
  assert.equal((await ask('task_fly')).error?.code, -32601);
  assert.equal((await ask('task_create', { config: { id: 'x' } })).error?.code, -32602);
  const deleted = await ask('task_delete', { task_id: 'sip-edge' });
  assert.deepEqual(deleted.result, { task_id: 'sip-edge', status: 'deleted' });
  const after = await get('/metrics');
  assert.doesNotMatch(after, /sip-edge/);
  assert.deepEqual(seriesOf(after, 'kcap_commands_total'), {
    'channel="kafka",command="task_create",result="ok"': 1,
    'channel="kafka",command="task_status",result="ok"': 1,
    'channel="kafka",command="task_list",result="ok"': 1,
    'channel="kafka",command="daemon_shutdown",result="refused"': 1,
    'channel="kafka",command="task_delete",result="error"': 1,
    'channel="kafka",command="",result="error"': 1,
    'channel="kafka",command="task_create",result="error"': 1,
    'channel="kafka",command="task_delete",result="ok"': 1,
  });
});

test('Prometheus scrapes the metrics', async (t) => {
  const { port, folder } = await remoteAgent(t);
  const own = await freePort();
  const file = path.join(folder, 'prometheus.yml');
  await writeFile(
    file,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'kcap', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
    }),
  );
  const prometheus = spawnTied(
    [
      ...['prometheus', `--config.file=${file}`, `--web.listen-address=127.0.0.1:${own}`],
      `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
    ],
    { stdio: 'ignore' },
  );
  t.after(() => prometheus.kill('SIGKILL'));
  const query = async (expression: string) => {
    const url = `http://127.0.0.1:${own}/api/v1/query?query=${expression}`;
    const answer = await fetch(url).catch(() => undefined);
    const { data } = ((await answer?.json().catch(() => undefined)) ?? {}) as {
      data?: { result?: { value: [number, string] }[] };
    };
    return data?.result?.[0]?.value[1];
  };
  await waitFor(async () => (await query('kcap_build_info')) === '1', {
    limitMs: LIMIT_MS,
    what: 'what Prometheus has scraped',
  });
  assert.equal(await query('up'), '1');
});

test('SIGHUP takes the configuration anew: what can change does, and a wrong one changes nothing', async (t) => {
  const { run, get, configure, port } = await remoteAgent(t);
  const other = await freePort();
  await configure({
    log: { level: 'debug' },
    metrics: { listen: `127.0.0.1:${other}`, prefix: 'capture_agent' },
    node: { hostname: 'edge-2' },
  });
  run.signal('SIGHUP');
  const said = await run.waitForLog(({ event }) => event === 'reloaded');
  assert.deepEqual(said['changed'], ['log.level', 'metrics', 'command_channel']);
  assert.deepEqual(said['restart'], ['node']);
  await assert.rejects(get('/metrics'));
  const moved = await (await fetch(`http://127.0.0.1:${other}/metrics`)).text();
  assert.match(moved, /^capture_agent_build_info\{/m);

  await configure({ log: { level: 'loud' }, metrics: { listen: `127.0.0.1:${port}` } });
  run.signal('SIGHUP');
  const refused = await run.waitForLog(({ event }) => event === 'reload-failed');
  assert.match(String(refused['msg']), /level.*; nothing has changed$/s);
  assert.equal((await fetch(`http://127.0.0.1:${other}/healthz`)).status, 200);
});
