import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Cause } from '#kcap/errors/cause.js';
import {
  inSequence,
  sideBySide,
  Tally,
  underWay,
  withEnded,
  withFate,
} from '#kcap/pipeline/account.js';

const FAILED: Cause = { id: 'failed', fate: 'failed', loss: true, text: 'failed' };
const FILTERED: Cause = { id: 'filtered', fate: 'filtered', loss: false, text: 'filtered' };
const count = (packets: number) => ({ packets, bytes: packets * 10 });

describe('a tally', () => {
  test('has under way what is neither out nor settled', () => {
    const tally = new Tally();
    tally.take(count(10));
    tally.pass(count(3));
    tally.settle(FAILED, count(2));
    tally.settle(FILTERED, count(1));
    tally.settle({ ...FAILED }, count(1));
    assert.deepEqual(underWay(tally.account()), count(3));
    assert.deepEqual(withFate(tally.account(), 'failed'), [{ cause: FAILED, ...count(3) }]);
    tally.giveBack(count(3));
    assert.deepEqual(underWay(tally.account()), count(0));
    assert.deepEqual(tally.account().in, count(7));
  });

  test('gives an account that stays as it is', () => {
    const tally = new Tally();
    tally.settle(FAILED, count(1));
    const account = tally.account();
    tally.settle(FAILED, count(1));
    assert.equal(account.outcomes.get('failed')?.packets, 1);
  });

  test('has not taken the rest of what failed half-way', async () => {
    const tally = new Tally();
    const half = async () => {
      tally.pass(count(2));
      tally.settle(FILTERED, count(1));
      assert.deepEqual(underWay(tally.account()), count(7));
      return Promise.reject(new Error('disk full'));
    };
    await assert.rejects(tally.during(count(10), half), /disk full/);
    assert.deepEqual(tally.account().in, count(3));
  });
});

test('accounts side by side add up, equal causes too', () => {
  const one = new Tally();
  one.give(count(1));
  const two = new Tally();
  two.take(count(5));
  two.settle(FAILED, count(2));
  const three = withEnded(new Tally().account({ dropped_kernel: 3 }), [
    { cause: FAILED, ...count(4) },
  ]);
  const all = sideBySide([
    one.account({ dropped_kernel: 1, bad_headers: 1 }),
    two.account(),
    three,
  ]);
  assert.deepEqual(all.in, count(10));
  assert.deepEqual(all.out, count(1));
  assert.deepEqual([...all.outcomes.values()], [{ cause: FAILED, ...count(6) }]);
  assert.deepEqual(all.beside, { dropped_kernel: 4, bad_headers: 1 });
});

test('accounts in sequence have taken what the last one took and what ended before it', () => {
  const source = new Tally();
  source.give(count(100));
  const filter = new Tally();
  filter.take(count(100));
  filter.settle(FILTERED, count(30));
  filter.pass(count(70));
  const sink = new Tally();
  // The others were given back.
  sink.take(count(50));
  sink.settle(FAILED, count(5));
  sink.pass(count(40));
  const all = inSequence([source.account(), filter.account()], sink.account());
  assert.deepEqual(all.in, count(80));
  assert.deepEqual(all.out, count(40));
  assert.deepEqual(underWay(all), count(5));
});
