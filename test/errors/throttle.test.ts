import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Throttle } from '#kcap/errors/throttle.js';

describe('a throttle', () => {
  test('admits the same thing once per interval', () => {
    const throttle = new Throttle(10_000);
    const admitted = [0, 1, 9_999, 10_000, 19_999, 20_001].filter((nowMs) =>
      throttle.admits('a', nowMs),
    );
    assert.deepEqual(admitted, [0, 10_000, 20_001]);
  });

  test('throttles each thing for itself', () => {
    const throttle = new Throttle(10_000);
    assert.ok(throttle.admits('a', 0));
    assert.ok(throttle.admits('b', 5_000));
    assert.ok(throttle.admits('a', 10_000));
    assert.ok(!throttle.admits('b', 10_000));
    assert.ok(throttle.admits('b', 15_000));
  });

  test('does not count a question as said', () => {
    const throttle = new Throttle(10_000);
    assert.ok(throttle.isDue('a', 0));
    assert.ok(throttle.isDue('a', 1));
    throttle.noteSaid('a', 1);
    assert.ok(!throttle.isDue('a', 2));
  });

  test('admits at once what it was told to forget', () => {
    const throttle = new Throttle(10_000);
    throttle.noteSaid('a', 0);
    throttle.forget('a');
    assert.ok(throttle.admits('a', 1));
  });

  test('goes by a clock that never jumps', (t) => {
    const throttle = new Throttle(10_000);
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    assert.ok(throttle.admits('a'));
    now = 10_000;
    assert.ok(throttle.admits('a'));
  });
});
