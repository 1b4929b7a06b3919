import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { numbered } from '../packet/packets.js';
import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { pcapFile, readPcap } from '../support/pcap-file.js';
import { runningAgent, taskFile } from '../support/running-agent.js';
import { tempFolder } from '../support/temp-folder.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const FRAMES = Array.from({ length: 10 }, (_, number) => numberedFrame(number, 100));
const LIMIT = { limitMs: 20_000 };

/** A task that reads a file into another one. */
async function copying(folder: string, id: string, packets = 5) {
  const from = path.join(folder, `${id}.in.pcap`);
  await writeFile(from, pcapFile({ packets: numbered(packets) }));
  const to = path.join(folder, `${id}.out.pcap`);
  const task = {
    ...{ id, capture: { name: 'file', path: from } },
    reporters: [{ name: 'file', config: { path: to } }],
  };
  return { task, to, file: await taskFile(folder, task) };
}

describe('an agent', () => {
  test('does what it is told from the command line, and ends by it', async (t) => {
    const agent = await runningAgent(t);
    const { file, to } = await copying(agent.folder, 'copy');
    const created = agent.ask('task', 'create', '-f', file);
    assert.equal((await created.exit).status, 0, created.stderr);
    assert.equal(created.stdout.toString(), 'task copy: created\n');
    const ended = async () => {
      const status = await agent.answer('task_status', { task_id: 'copy' });
      return status['status'] === 'stopped' && status;
    };
    const status = await waitFor(ended, { ...LIMIT, what: 'its end' });
    assert.deepEqual(
      [status['packets_in'], status['packets_out'], status['under_way'], status['reason']],
      [5, 5, 0, 'its input has ended'],
    );
    assert.equal(readPcap(await readFile(to)).packets.length, 5);

    const list = agent.ask('task', 'list');
    await list.exit;
    assert.match(list.stdout.toString(), /^TASK +STATE +IN +OUT .*\ncopy +stopped +5 +5 /);
    const answers: (readonly [words: readonly string[], answer: object])[] = [
      [['task', 'list'], { tasks: ['copy'], count: 1 }],
      [['task', 'status'], { tasks: { copy: 'stopped' } }],
      [['task', 'start', 'copy'], { task_id: 'copy', status: 'running' }],
      [['task', 'delete', 'copy'], { task_id: 'copy', status: 'deleted' }],
      [['reload'], { status: 'reloaded', changed: [], restart: [] }],
      [['stats'], { tasks: {} }],
    ];
    for (const [words, answer] of answers) {
      const asked = agent.ask(...words, '--json');
      assert.equal((await asked.exit).status, 0, asked.stderr);
      assert.deepEqual(JSON.parse(asked.stdout.toString()), answer);
    }
    const up = agent.ask('status');
    await up.exit;
    assert.match(up.stdout.toString(), /^kcap \d+\.\d+\.\d+, up for .*, 0 task\(s\)\n$/);

    const pid = await readFile(path.join(agent.folder, 'pid'), 'utf8');
    assert.equal(Number(pid), agent.run.pid);
    const stop = agent.ask('stop');
    assert.equal((await stop.exit).status, 0, stop.stderr);
    assert.equal(stop.stdout.toString(), 'stopped\n');
    assert.equal((await agent.run.exit).status, 0, agent.run.stderr);
    await assert.rejects(stat(agent.socket), /ENOENT/);
    await assert.rejects(stat(path.join(agent.folder, 'pid')), /ENOENT/);
  });

  test("is capture-agent's daemon as well; SIGHUP reloads, and SIGTERM stops it", async (t) => {
    const agent = await runningAgent(t, { command: 'daemon' });
    agent.run.signal('SIGHUP');
    const { status } = await agent.answer('config_reload');
    assert.equal(status, 'reloaded');
    await writeFile(path.join(agent.folder, 'agent.json'), '{"kcap": {"nonsense": 1}}');
    agent.run.signal('SIGHUP');
    await agent.run.waitForLog(({ event }) => event === 'reload-failed');
    const reload = agent.ask('reload');
    assert.equal((await reload.exit).status, 1);
    assert.match(reload.stderr, /nonsense: no such key/);
    assert.deepEqual(await agent.answer('task_list'), { tasks: [], count: 0 });
    agent.run.signal('SIGTERM');
    assert.equal((await agent.run.exit).status, 0, agent.run.stderr);
  });

  test('that is killed does again what it did, and not what was done', async (t) => {
    const one = await runningAgent(t);
    const { folder } = one;
    const { file, to } = await copying(folder, 'done');
    assert.equal((await one.ask('task', 'create', '-f', file).exit).status, 0);
    const listener = {
      ...{
        id: 'listens',
        capture: { name: 'tzsp', listen: `udp://127.0.0.1:${await freePort()}` },
      },
      reporters: [{ name: 'file', config: { path: path.join(folder, 'listens.pcap') } }],
    };
    const listening = one.ask('task', 'create', '-f', await taskFile(folder, listener));
    assert.equal((await listening.exit).status, 0, listening.stderr);
    const isDone = async () => {
      const { tasks } = await one.answer('task_status');
      return JSON.stringify(tasks) === '{"done":"stopped","listens":"running"}';
    };
    await waitFor(isDone, { ...LIMIT, what: 'the copy' });
    one.run.signal('SIGKILL');
    await one.run.exit;
    await writeFile(to, 'kept');

    const two = await runningAgent(t, { folder });
    const runsAgain = async () =>
      (await two.answer('task_status', { task_id: 'listens' }))['status'] === 'running';
    await waitFor(runsAgain, { ...LIMIT, what: 'the task to run again' });
    assert.equal((await two.answer('task_status', { task_id: 'done' }))['status'], 'stopped');
    assert.equal(await readFile(to, 'utf8'), 'kept');
  });

  test(
    'captures on an interface, with a filter that is changed meanwhile',
    { skip: noVeth },
    async (t) => {
      const veth = await vethPair(t);
      const agent = await runningAgent(t);
      const to = path.join(agent.folder, 'live.pcap');
      const task = {
        id: 'live',
        capture: { name: 'afpacket', interface: veth.inside, config: { buffer_mib: 1 } },
        reporters: [{ name: 'file', config: { path: to } }],
      };
      const created = agent.ask('task', 'create', '-f', await taskFile(agent.folder, task));
      assert.equal((await created.exit).status, 0, created.stderr);
      const packets = async () =>
        (await agent.answer('task_status', { task_id: 'live' }))['packets_out'];
      await sendFrames(veth, FRAMES);
      await waitFor(async () => (await packets()) === 10, { ...LIMIT, what: '10 packets' });
      const filter = agent.ask('task', 'filter', 'live', 'less 1');
      assert.equal((await filter.exit).status, 0, filter.stderr);
      await sendFrames(veth, FRAMES);
      const stopped = agent.ask('task', 'delete', 'live');
      assert.equal((await stopped.exit).status, 0, stopped.stderr);
      assert.equal(readPcap(await readFile(to)).packets.length, 10);
      const wrong = { ...task, capture: { ...task.capture, interface: 'nosuch0' } };
      const refused = agent.ask('task', 'create', '-f', await taskFile(agent.folder, wrong));
      assert.equal((await refused.exit).status, 1);
      assert.match(refused.stderr, /^kcap: .*capture on nosuch0: no such interface\n/);
      assert.deepEqual(await agent.answer('task_list'), { tasks: [], count: 0 });
    },
  );
});

describe('whoever asks in vain', () => {
  test('is told in a line that no agent listens', async (t) => {
    const socket = path.join(await tempFolder(t), 'agent.sock');
    for (const words of [['status'], ['task', 'list'], ['stop']]) {
      const run = kcap(t, [...words, '--socket', socket]);
      assert.equal((await run.exit).status, 1);
      assert.match(run.stderr, /^kcap: agent at .*: no agent is listening there\nstart one/);
    }
  });

  test('is told what is wrong with the words or the file, with status 2', async (t) => {
    const agent = await runningAgent(t);
    const pasers = { id: 'wrong', interface: 'lo', pasers: [] };
    const wrong = await taskFile(agent.folder, pasers);
    const cases: (readonly [words: readonly string[], said: RegExp])[] = [
      [['task'], /^kcap: task: what to do with tasks is missing\nuse one of: create/],
      [['task', 'crate'], /^kcap: task crate: no such task command/],
      [['task', 'create'], /^kcap: task create: the file with the task is missing/],
      [['task', 'delete'], /^kcap: task delete: ID is missing\nkcap task delete ID/],
      [['task', 'delete', 'a', 'b'], /^kcap: b: unexpected argument/],
      [['task', 'list', '-f', wrong], /^kcap: task list: it takes no file/],
      [['task', 'create', '-f', wrong], /^kcap: .*wrong.task.json.*: pasers: no such key/],
      [['task', 'create', '-f', '/no/such'], /^kcap: \/no\/such: /],
      [['agent'], /^kcap: agent: --config is missing\nsee 'kcap agent --help'/],
      [['agent', '--config', wrong], /^kcap: .*wrong.task.json/],
    ];
    await Promise.all(
      cases.map(async ([words, said]) => {
        const run = agent.ask(...words);
        const { status } = await run.exit;
        assert.match(run.stderr, said);
        assert.equal(status, 2, words.join(' '));
      }),
    );
  });

  test('a second agent does not begin where another one is', async (t) => {
    const agent = await runningAgent(t);
    const second = kcap(t, ['agent', '--config', path.join(agent.folder, 'agent.json')]);
    assert.equal((await second.exit).status, 1);
    assert.match(second.stderr, /another agent keeps its tasks there/);
    assert.deepEqual(await agent.answer('task_list'), { tasks: [], count: 0 });
  });
});
