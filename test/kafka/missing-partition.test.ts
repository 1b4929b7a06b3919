import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { batchOf, numbered } from '../packet/packets.js';
import { waitFor } from '../support/wait-for.js';
import { InMemoryKafka } from './in-memory.js';
import { keptLog } from './log.js';

const SAID_WITHIN_MS = 10_000;
const GIVEN_UP_WITHIN_MS = 40_000;
/** There is no such partition: nothing ever comes of it. */
const MISSING = 1;
const NOTHING_COMES = new RegExp(`nothing comes of partition ${MISSING} of topic packets`);

describe('a partition of which nothing comes, in the order of time', { concurrency: true }, () => {
  for (const [what, end] of [
    ['to an end', 3],
    ['without an end', undefined],
  ] as const) {
    test(`a read ${what} says so in time, and gives the packets of the others`, async (t) => {
      const kafka = new InMemoryKafka(t);
      await kafka.send(batchOf(numbered(3)));
      const { log, records } = keptLog();
      const isSaid = (pattern: RegExp) => records.some(({ msg }) => pattern.test(String(msg)));
      const partitions = [0, MISSING].map((partition) => ({ partition, start: 0, end }));
      const consumer = kafka.consumer({ end, inTimeOrder: true, partitions, log });

      const first = consumer.next();
      await waitFor(() => isSaid(NOTHING_COMES), {
        limitMs: SAID_WITHIN_MS,
        what: 'a word about the partition',
      });
      await waitFor(() => isSaid(/the other partitions go on without it/), {
        limitMs: GIVEN_UP_WITHIN_MS,
        what: 'a word that the others go on',
      });
      assert.equal((await first)?.packets.count, 3);
      const next = consumer.next();
      if (end === undefined) consumer.stop();
      if (end === undefined) assert.equal(await next, null);
      else await assert.rejects(next, NOTHING_COMES);
    });
  }
});
