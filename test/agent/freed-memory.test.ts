import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import { FreedMemory } from '#kcap/agent/freed-memory.js';
import type { TaskState, TaskStatus } from '#kcap/task/task-status.js';
import type { TaskListener } from '#kcap/task/tasks.js';

import { collectGarbage } from '../support/collect-garbage.js';
import { waitFor } from '../support/wait-for.js';

const MIB = 1024 ** 2;

test('what is free goes back to the system, wherever it lies', async () => {
  await collectGarbage();
  const pieces = Array.from({ length: 4000 }, () => Buffer.alloc(32 * 1024, 1));
  // What still lies behind them all keeps them the process's.
  const kept = pieces.filter((_, index) => index % 100 === 99);
  pieces.length = 0;
  await collectGarbage();
  const before = process.memoryUsage.rss();
  addon.giveBackFreedMemory();
  const given = before - process.memoryUsage.rss();
  assert.ok(given > 60 * MIB, `${Math.round(given / MIB)} MiB`);
  assert.equal(kept.length, 40);
});

test('what the batches of a deleted task held is collected', async () => {
  let tell: TaskListener = () => undefined;
  const freed = new FreedMemory({
    onChange: (listener) => {
      tell = listener;
      return () => undefined;
    },
  });
  await collectGarbage();
  const held = () => process.memoryUsage().arrayBuffers;
  const before = held();
  const batches = Array.from({ length: 30 }, () => Buffer.alloc(MIB));
  // As old as the batches of a task, which no quick look at young memory finds.
  await collectGarbage();
  assert.ok(held() >= before + 30 * MIB);
  batches.length = 0;
  tell({ id: 'a', state: 'stopped' } as TaskStatus, 'deleted');
  // Left to itself, V8 collects after eight seconds, as what goes on here is garbage of its own.
  await waitFor(() => held() < before + MIB, { limitMs: 4000, what: 'the batches to be gone' });
  freed.close();
});

test('tasks that end or are deleted give back what they have left, those that end together once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let tell: TaskListener = () => undefined;
  let left = 0;
  let given = 0;
  const freed = new FreedMemory(
    {
      onChange: (listener) => {
        tell = listener;
        return () => left++;
      },
    },
    () => {
      given++;
    },
  );
  const status = (state: TaskState) => ({ id: 'a', state }) as TaskStatus;
  tell(status('running'), 'changed');
  t.mock.timers.tick(5000);
  assert.equal(given, 0);
  tell(status('stopped'), 'changed');
  tell(status('stopped'), 'deleted');
  tell(status('failed'), 'changed');
  assert.equal(given, 0);
  t.mock.timers.tick(1000);
  assert.equal(given, 1);
  // One that waited to be tried again has not ended before it is deleted.
  tell(status('starting'), 'deleted');
  t.mock.timers.tick(1000);
  assert.equal(given, 2);
  tell(status('starting'), 'deleted');
  freed.close();
  t.mock.timers.tick(5000);
  assert.deepEqual([given, left], [2, 1]);
});
