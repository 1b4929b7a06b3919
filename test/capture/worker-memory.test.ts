import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { freePort } from '../support/free-port.js';
import { noVeth } from '../support/veth.js';

/** Memory of this process that it has asked for, touched or not. */
async function dataKiB(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/^VmData:\s+(\d+) kB$/m.exec(status)?.[1]);
}

for (const closes of [false, true]) {
  const name = closes ? 'after its capture was closed' : 'in the midst of a capture';
  test(`a worker that ends ${name} leaves no memory behind`, { skip: noVeth }, async (t) => {
    const socket = createSocket('udp4');
    const port = await freePort();
    const sending = setInterval(() => {
      socket.send('x', port, '127.0.0.1');
    }, 2);
    t.after(() => {
      clearInterval(sending);
      socket.close();
    });
    const comeAndGo = async (times: number, { captures }: { readonly captures: boolean }) => {
      const before = await dataKiB();
      for (let time = 0; time < times; time++) {
        const script = path.join(import.meta.dirname, 'worker-with-capture.js');
        const worker = new Worker(script, { workerData: { port, closes, captures } });
        await once(worker, 'message');
        await worker.terminate();
      }
      return (await dataKiB()) - before;
    };
    // Until Node has what it needs, and AddressSanitizer what it keeps of freed memory (scripts/sanitize).
    await comeAndGo(20, { captures: true });
    // ThreadSanitizer keeps something of each worker.
    const without = await comeAndGo(8, { captures: false });
    const grown = (await comeAndGo(8, { captures: true })) - Math.max(without, 0);
    // The two batches of each capture would be 16 MiB.
    assert.ok(grown < 8 * 1024, `${grown} KiB more`);
  });
}
