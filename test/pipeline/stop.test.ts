import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Stop } from '#kcap/pipeline/stop.js';

describe('Stop', () => {
  test('asks for nothing by itself', () => {
    assert.deepEqual(stateOf(new Stop(0)), { requested: false, giveUp: false });
  });

  test('when requested, ends the taking in at once and the waiting after the drain timeout', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stop = new Stop(10_000);
    stop.request();
    assert.deepEqual(stateOf(stop), { requested: true, giveUp: false });
    t.mock.timers.tick(9999);
    assert.equal(stop.giveUp.aborted, false);
    t.mock.timers.tick(1);
    assert.equal(stop.giveUp.aborted, true);
  });

  test('requested again, does not begin the drain timeout anew', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stop = new Stop(1000);
    stop.request();
    t.mock.timers.tick(600);
    stop.request();
    t.mock.timers.tick(400);
    assert.equal(stop.giveUp.aborted, true);
  });

  test('waits on while a reader takes something, for five seconds at most', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const clock = t.mock.method(performance, 'now', () => 0);
    let taken = 0;
    const after = (ms: number) => {
      clock.mock.mockImplementation(() => ms);
      t.mock.timers.tick(500);
    };
    const stalled = new Stop(500);
    stalled.waitWhileGrowing(() => taken);
    stalled.request();
    taken++;
    after(500);
    assert.equal(stalled.giveUp.aborted, false);
    after(1000);
    assert.equal(stalled.giveUp.aborted, true, 'nothing was taken');
    const slow = new Stop(500);
    slow.waitWhileGrowing(() => taken++);
    slow.request();
    for (let ms = 1500; ms < 6000; ms += 500) after(ms);
    assert.equal(slow.giveUp.aborted, false);
    after(6000);
    assert.equal(slow.giveUp.aborted, true);
  });

  test('when finished, leaves what was taken its time', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stop = new Stop(1000);
    stop.finish();
    t.mock.timers.tick(1_000_000);
    assert.deepEqual(stateOf(stop), { requested: true, giveUp: false });
  });

  test('can be requested after it has finished: the drain timeout begins then', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stop = new Stop(1000);
    stop.finish();
    stop.request();
    t.mock.timers.tick(1000);
    assert.equal(stop.giveUp.aborted, true);
  });

  test('when cleared, never gives up, however often it was requested: the run is over', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stop = new Stop(1000);
    stop.request();
    stop.request();
    stop.clear();
    stop.request();
    t.mock.timers.tick(1000);
    assert.equal(stop.giveUp.aborted, false);
  });
});

function stateOf(stop: Stop): { requested: boolean; giveUp: boolean } {
  return { requested: stop.requested.aborted, giveUp: stop.giveUp.aborted };
}
