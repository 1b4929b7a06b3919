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
