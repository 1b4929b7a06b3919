import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { CommandCounts } from '#kcap/agent/command-counts.js';
import { CommandError } from '#kcap/agent/command-error.js';
import { CommandTopic } from '#kcap/agent/command-topic.js';
import { RequestJournal } from '#kcap/agent/request-journal.js';
import { RequestMemory } from '#kcap/agent/request-memory.js';
import { tempFolder } from '#support/temp-folder.js';

import { keptLog } from '../kafka/log.js';

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const TTL_MS = 300_000;

interface Answer {
  readonly source: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A host that counts what it does. */
function host({ journal }: { journal?: RequestJournal } = {}) {
  const done: string[] = [];
  const counts = new CommandCounts(['task_list', 'task_create', 'task_status']);
  const requests = new RequestMemory({ keepMs: TTL_MS + 60_000, journal });
  const handler = {
    answer: (method: string, params: unknown) => {
      done.push(method);
      if (method === 'task_create')
        return Promise.reject(new CommandError(-32603, 'task a: taken'));
      if (method === 'task_status') return Promise.resolve({ all: 'x'.repeat(1_000_000) });
      return Promise.resolve({ done: done.length, params });
    },
    changes: (method: string) => method === 'task_create',
  };
  const topic = new CommandTopic({ host: 'edge-1', ttlMs: TTL_MS }, { handler, requests, counts });
  const ask = async (
    fields: Readonly<Record<string, unknown>>,
    { sentAtMs = NOW_MS, nowMs = NOW_MS } = {},
  ): Promise<Answer | undefined> => {
    const message = { version: 'v1', target: 'edge-1', command: 'task_list', request_id: 'a' };
    const value = Buffer.from(JSON.stringify({ ...message, ...fields }));
    const answer = await topic.take(value, { sentAtMs, nowMs });
    return answer === undefined ? undefined : (JSON.parse(answer) as Answer);
  };
  const counted = () =>
    Object.fromEntries(
      [...counts.all()].map(({ command, result, count }) => [`${command} ${result}`, count]),
    );
  return { ask, done, counted };
}

async function journalIn(t: TestContext, folder: string): Promise<RequestJournal> {
  const journal = RequestJournal.open(path.join(folder, 'requests.jsonl'), keptLog().log);
  t.after(() => {
    journal.close();
  });
  return Promise.resolve(journal);
}

describe('a host on a command topic', () => {
  test('does what is for it, and for all', async () => {
    const { ask, done } = host();
    assert.deepEqual((await ask({ payload: { x: 1 } }))?.result, { done: 1, params: { x: 1 } });
    assert.deepEqual((await ask({ target: '*', request_id: 'b' }))?.result, { done: 2 });
    assert.deepEqual(done, ['task_list', 'task_list']);
  });

  test('leaves alone what is for others', async () => {
    const { ask, done, counted } = host();
    assert.equal(await ask({ target: 'edge-2' }), undefined);
    assert.deepEqual(done, []);
    assert.deepEqual(counted(), { 'task_list not_mine': 1 });
  });

  test('counts rubbish and does not answer it', async () => {
    const { ask, counted } = host();
    assert.equal(await ask({ version: 'v2' }), undefined);
    assert.deepEqual(counted(), { ' rubbish': 1 });
  });

  test('refuses what is too old or from the future, and does nothing', async () => {
    const { ask, done, counted } = host();
    const old = await ask({ timestamp: '2026-11-28T11:50:00Z' });
    assert.deepEqual(old?.error, {
      code: -32600,
      message: 'the command is 600 s old, and commands are valid for 300 s',
    });
    assert.equal((await ask({ timestamp: '2026-11-28T12:02:00Z' }))?.error?.code, -32600);
    assert.deepEqual(done, []);
    assert.deepEqual(counted(), { 'task_list stale': 2 });
  });

  test("takes Kafka's time where the command says none", async () => {
    const { ask } = host();
    assert.equal((await ask({}, { sentAtMs: NOW_MS - TTL_MS - 1 }))?.error?.code, -32600);
    assert.equal((await ask({}, { sentAtMs: NOW_MS - TTL_MS }))?.error, undefined);
  });

  test('answers with the error of what is not possible', async () => {
    const { ask } = host();
    const answer = await ask({ command: 'task_create' });
    assert.deepEqual(answer?.error, { code: -32603, message: 'task a: taken' });
    assert.equal(answer.source, 'edge-1');
  });

  test('answers a request that comes again as before, for as long as it is valid', async () => {
    const { ask, done, counted } = host();
    const first = await ask({});
    assert.deepEqual(await ask({}, { nowMs: NOW_MS + TTL_MS }), first);
    assert.deepEqual(done, ['task_list']);
    assert.deepEqual(counted(), { 'task_list repeated': 1 });
  });

  test('says so where an answer is too large for a message', async () => {
    const { ask } = host();
    assert.match(
      (await ask({ command: 'task_status' }))?.error?.message ?? '',
      /^the answer is too large for a message: 1000\d{3} bytes; ask for a single task$/,
    );
  });

  test('tells no names apart that there are not: others choose them', async () => {
    const { ask, counted } = host();
    for (let i = 0; i < 100; i++) await ask({ command: `c${i}`, target: 'edge-2' });
    assert.deepEqual(counted(), { ' not_mine': 100 });
  });
});

describe('a host that starts again', () => {
  test('does nothing twice that changes something', async (t) => {
    const folder = await tempFolder(t);
    const first = host({ journal: await journalIn(t, folder) });
    const answer = await first.ask({ command: 'task_create' });
    const second = host({ journal: await journalIn(t, folder) });
    assert.deepEqual(await second.ask({ command: 'task_create' }), answer);
    assert.deepEqual(second.done, []);
  });

  test('says so where it ended in the middle', async (t) => {
    const folder = await tempFolder(t);
    const journal = await journalIn(t, folder);
    new RequestMemory({ keepMs: TTL_MS, journal }).begin('a', NOW_MS, true);
    const { ask, done } = host({ journal: await journalIn(t, folder) });
    assert.match((await ask({}))?.error?.message ?? '', /^the agent ended while it did this/);
    assert.deepEqual(done, []);
  });

  test('keeps what a damaged journal holds', async (t) => {
    const folder = await tempFolder(t);
    const file = path.join(folder, 'requests.jsonl');
    const records = ['{"id":"a","atMs":1', '', '7', 'null', '{"id":1,"atMs":2}'];
    const whole = JSON.stringify({ id: 'b', atMs: NOW_MS, answer: '{"source":"before"}' });
    await writeFile(file, [...records, whole, '{"id":"c","at'].join('\n'));
    const journal = await journalIn(t, folder);
    journal.write({ id: 'd', atMs: NOW_MS });
    const { ask } = host({ journal: await journalIn(t, folder) });
    assert.deepEqual(await ask({ request_id: 'b' }), { source: 'before' });
    assert.match((await ask({ request_id: 'd' }))?.error?.message ?? '', /^the agent ended/);
  });
});

describe('the memory of requests', () => {
  test('is bounded in number, and forgets the oldest', () => {
    const memory = new RequestMemory({ keepMs: 1000, maxRequests: 3 });
    for (const id of ['a', 'b', 'c', 'd']) {
      memory.begin(id, 0, false);
      memory.answered(id, id);
    }
    assert.equal(memory.size, 3);
    assert.equal(memory.find('a', 0), undefined);
    assert.deepEqual(memory.find('d', 0), { kind: 'answered', answer: 'd' });
  });

  test('is bounded in bytes: an old answer goes before its request does', () => {
    const memory = new RequestMemory({ keepMs: 1000, maxAnswerBytes: 10 });
    for (const id of ['a', 'b', 'c']) {
      memory.begin(id, 0, false);
      memory.answered(id, 'four');
    }
    assert.deepEqual(memory.find('a', 0), { kind: 'answer-forgotten' });
    assert.deepEqual(memory.find('c', 0), { kind: 'answered', answer: 'four' });
  });

  test('forgets what is no longer valid', () => {
    const memory = new RequestMemory({ keepMs: 1000 });
    memory.begin('a', 0, false);
    assert.equal(memory.find('b', 1001), undefined);
    assert.equal(memory.size, 0);
  });

  test('rewrites its journal with what still counts', async (t) => {
    const folder = await tempFolder(t);
    const journal = await journalIn(t, folder);
    const memory = new RequestMemory({ keepMs: 1000, journal, maxRequests: 10 });
    const answer = 'x'.repeat(100_000);
    for (let i = 0; i < 200; i++) {
      memory.begin(`r${i}`, i, true);
      memory.answered(`r${i}`, answer);
    }
    const read = (await journalIn(t, folder)).takeRead();
    assert.ok(read.length < 200, `${read.length} records`);
    assert.equal(read.at(-1)?.id, 'r199');
  });
});
