import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { batchOf, numbered } from '../packet/packets.js';
import { threadSeconds } from '../support/thread-time.js';
import { waitFor } from '../support/wait-for.js';
import { InMemoryKafka } from './in-memory.js';

/** Whether a consumer's thread runs in this process. */
async function isLeaving(): Promise<boolean> {
  const names = (await readdir('/proc/self/task')).map(async (id) =>
    readFile(`/proc/self/task/${id}/comm`, 'utf8').catch(() => ''),
  );
  return (await Promise.all(names)).includes('kcap consumer\n');
}

test('a member of a group whose coordinator is gone leaves without work', async (t) => {
  const kafka = new InMemoryKafka(t);
  await kafka.send(batchOf(numbered(5)));
  await kafka.letGoOfClients();
  const consumer = kafka.consumer({ group: 'readers' });
  const batch = await consumer.next();
  assert.ok(batch?.packets.origin);
  consumer.acknowledge(batch.packets.origin.next);
  kafka.endBroker();
  await consumer.close();
  let seconds = 0;
  await waitFor(
    async () => {
      seconds = Math.max(seconds, await threadSeconds(process.pid, 'rdk:main'));
      return !(await isLeaving());
    },
    { limitMs: 30_000, what: 'the session to be over' },
  );
  // It took as much as the machine gave it for six seconds.
  assert.ok(seconds < 0.1, `${seconds} s`);
});
