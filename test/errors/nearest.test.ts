import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { nearest } from '#kcap/errors/nearest.js';

describe('nearest', () => {
  const names = ['kafka-topic', 'kafka-broker', 'max-packets', 'exit', 'group', 'lo'];
  const cases: [misspelt: string, meant: string | undefined][] = [
    ['kafka-topik', 'kafka-topic'],
    ['kafka-brokers', 'kafka-broker'],
    ['maxpackets', 'max-packets'],
    ['exti', 'exit'],
    ['gruop', 'group'],
    // Letters that changed places are one slip, so a short name is still meant.
    ['ol', 'lo'],
    ['exit', 'exit'],
    ['grp', 'group'],
    // As far off as is still taken for a slip: a third of the letters.
    ['kafka-brXXXX', 'kafka-broker'],
    ['kafka-bXXXXX', undefined],
    ['zookeeper', undefined],
    ['colour', undefined],
    ['abcd', undefined],
    // Two letters of four may be wrong, of two letters only one.
    ['ab', undefined],
  ];
  for (const [misspelt, meant] of cases) {
    test(`${misspelt} means ${meant ?? 'nothing known'}`, () => {
      assert.equal(nearest(misspelt, names), meant);
    });
  }

  test('of two names equally near the first listed is meant', () => {
    assert.equal(nearest('bat', ['cat', 'bar', 'rat']), 'cat');
  });

  test('without names nothing is', () => {
    assert.equal(nearest('exit', []), undefined);
  });
});
