import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { noVeth } from './support/veth.js';
import { waitFor } from './support/wait-for.js';

test(
  'a worker that is ended with all open leaves no thread and no descriptor',
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
  const worker = new Worker(path.join(import.meta.dirname, 'addon-worker.js'));
  const [message] = (await once(worker, 'message')) as [string];
  assert.equal(message, 'at work');
  await worker.terminate();
}

/** The threads and descriptors of this process, sorted: the names of threads, what descriptors are of. */
async function held(): Promise<string[]> {
  const [threads, descriptors] = await Promise.all([
    ofEach('/proc/self/task', async (task) => (await readFile(`${task}/comm`, 'utf8')).trim()),
    // The number that stands for a socket or a pipe is another one each time.
    ofEach('/proc/self/fd', async (fd) => (await readlink(fd)).replace(/\[\d+\]$/, '')),
  ]);
  // Other kcaps on the host, which other tests start and end, list their connections there.
  const own = descriptors.filter((name) => !/^\/dev\/shm\/kcap-\d+($|\/\d+\.\d)/.test(name));
  return [...threads, ...own].sort();
}

/** Those of a folder's entries that are still there when they are looked at. */
async function ofEach(folder: string, look: (entry: string) => Promise<string>) {
  const entries = await readdir(folder);
  const looks = entries.map((entry) => look(path.join(folder, entry)).catch(() => undefined));
  return (await Promise.all(looks)).filter((seen) => seen !== undefined);
}
