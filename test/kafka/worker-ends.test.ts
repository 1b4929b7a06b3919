import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';
import {
  captureOnLoopback,
  consumerWithoutBroker,
  datagramsToNobody,
  producerWithoutBroker,
} from './threaded-objects.js';

test(
  'a worker that is ended with all at work leaves no thread and no descriptor',
  { skip: noVeth },
  async () => {
    // What the process itself keeps, it has after the first one.
    await useInWorker();
    const before = await held();
    for (let time = 0; time < 2; time++) await useInWorker();
    let now = before;
    await waitFor(async () => (now = await held()).length <= before.length, {
      limitMs: 5_000,
      what: 'all to be gone',
    }).catch(() => {
      assert.deepEqual(now, before);
    });
  },
);

async function useInWorker(): Promise<void> {
  const worker = new Worker(path.join(import.meta.dirname, 'worker-with-threads.js'));
  const [message] = (await once(worker, 'message')) as [string];
  assert.equal(message, 'at work');
  const threads = await ownThreads();
  for (const name of ['kcap producer', 'kcap consumer', 'kcap capture', 'kcap datagrams'])
    assert.ok(threads.includes(name), name);
  await worker.terminate();
  assert.deepEqual(await ownThreads(), []);
}

/** Of what the worker does not get any more, the address sanitizer tells. */
test('a worker may end while it is given its first batches', { skip: noVeth }, async (t) => {
  const socket = createSocket('udp4');
  let ended = false;
  const sendOn = () => {
    if (ended) socket.close();
    else socket.send(Buffer.alloc(1000), 9, '127.0.0.1', () => setImmediate(sendOn));
  };
  t.after(() => (ended = true));
  sendOn();
  for (let time = 0; time < 5; time++) {
    const worker = new Worker(path.join(import.meta.dirname, 'worker-with-captures.js'));
    await once(worker, 'message');
    await worker.terminate();
  }
  assert.deepEqual(await ownThreads(), []);
});

test('what has a thread may be closed twice', { skip: noVeth }, async () => {
  const capture = captureOnLoopback();
  const never = captureOnLoopback();
  const next = capture.next();
  const opened = [
    ...[consumerWithoutBroker(), producerWithoutBroker(), datagramsToNobody()],
    ...[capture, never],
  ];
  assert.ok((await ownThreads()).includes('kcap consumer'));
  await Promise.all([...opened, ...opened].map(async (each) => each.close()));
  await Promise.all(opened.map(async (each) => each.close()));
  await next; // packets of others, or the end
  assert.deepEqual(await ownThreads(), []);
});

/** The threads and descriptors of this process, sorted: the names of threads, what descriptors are of. */
async function held(): Promise<string[]> {
  const [threads, descriptors] = await Promise.all([
    threadNames(),
    // The number that stands for a socket or a pipe is another one each time.
    ofEach('/proc/self/fd', async (fd) => (await readlink(fd)).replace(/\[\d+\]$/, '')),
  ]);
  // Other kcaps on the host, which other tests start and end, list their connections there.
  const own = descriptors.filter((name) => !/^\/dev\/shm\/kcap-\d+($|\/\d+\.\d)/.test(name));
  return [...threads, ...own].sort();
}

/** Threads of the addon and of librdkafka, by name. */
async function ownThreads(): Promise<string[]> {
  return (await threadNames()).filter((name) => /^(kcap |rdk:)/.test(name));
}

function threadNames(): Promise<string[]> {
  return ofEach('/proc/self/task', async (task) => (await readFile(`${task}/comm`, 'utf8')).trim());
}

/** Those of a folder's entries that are still there when they are looked at. */
async function ofEach(folder: string, look: (entry: string) => Promise<string>) {
  const entries = await readdir(folder);
  const looks = entries.map((entry) => look(path.join(folder, entry)).catch(() => undefined));
  return (await Promise.all(looks)).filter((seen) => seen !== undefined);
}
