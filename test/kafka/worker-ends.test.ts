import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { noVeth } from '../support/veth.js';
import {
  captureOnLoopback,
  consumerWithoutBroker,
  datagramsToNobody,
  producerWithoutBroker,
} from './threaded-objects.js';

/** Threads of the addon and of librdkafka, by name. */
async function ownThreads(): Promise<string[]> {
  const tasks = '/proc/self/task';
  const names = await Promise.all(
    (await readdir(tasks)).map((id) => readFile(`${tasks}/${id}/comm`, 'utf8').catch(() => '')),
  );
  return names.map((name) => name.trim()).filter((name) => /^(kcap |rdk:)/.test(name));
}

test('the threads of a worker end with it', { skip: noVeth }, async (t) => {
  const worker = new Worker(path.join(import.meta.dirname, 'worker-with-threads.js'));
  t.after(() => worker.terminate());
  await once(worker, 'message');
  const threads = await ownThreads();
  for (const name of ['kcap producer', 'kcap capture', 'kcap datagrams'])
    assert.ok(threads.includes(name), name);
  await worker.terminate();
  assert.deepEqual(await ownThreads(), []);
});

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
