import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { Alarm } from '#kcap/pipeline/alarm.js';

const DAY_MS = 86_400_000;

test('an alarm rings once at its time, however far away', (t) => {
  const { rung, clock, alarm } = set(t, 100 * DAY_MS);
  clock.tick(100 * DAY_MS - 1);
  assert.equal(rung(), 0);
  clock.tick(1);
  assert.equal(rung(), 1);
  clock.tick(DAY_MS);
  assert.equal(rung(), 1);
  alarm.set(Date.now());
  clock.tick(1);
  assert.equal(rung(), 2);
});

test('an alarm that is set anew rings at the new time only', (t) => {
  const { rung, clock, alarm } = set(t, 1000);
  alarm.set(5000);
  clock.tick(4999);
  assert.equal(rung(), 0);
  alarm.set(undefined);
  clock.tick(DAY_MS);
  assert.equal(rung(), 0);
});

test('an alarm notices within a minute that its clock was set', (t) => {
  const { rung, clock } = set(t, 10 * DAY_MS);
  clock.setTime(20 * DAY_MS);
  clock.tick(60_000);
  assert.equal(rung(), 1);
});

function set(t: TestContext, dueMs: number) {
  const clock = t.mock.timers;
  clock.enable({ apis: ['setTimeout', 'Date'] });
  let count = 0;
  const alarm = new Alarm(
    () => Date.now(),
    () => count++,
  );
  alarm.set(dueMs);
  return { clock, alarm, rung: () => count };
}
