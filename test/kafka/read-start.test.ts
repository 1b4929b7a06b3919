import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseReadStart, startOffset } from '#kcap/kafka/read-start.js';
import { OFFSET_STORED } from '#kcap/kafka/batch-consumer.js';

/** A partition of which 10 … 19 are left. */
const MARKS = { partition: 0, low: 10, high: 20 };

describe('where reading begins', () => {
  const starts: [text: string, offset: number][] = [
    ['begin', 10],
    ['end', 20],
    ['stored', OFFSET_STORED],
    ['15', 15],
    ['0', 10],
    ['99', 20],
    ['-3', 17],
    ['-0', 20],
    ['-99', 10],
    ['s@1700000000000', 13],
  ];
  for (const [text, offset] of starts)
    test(`-o ${text}`, () => {
      assert.equal(startOffset(parseReadStart(text), MARKS, 13), offset);
    });

  test('at a time that nothing is as late as: at the end', () => {
    assert.equal(startOffset(parseReadStart('s@1700000000000'), MARKS, undefined), 20);
  });

  for (const text of ['', 'beginning', '1.5', '--1', 's@', 's@-1', 'e@1', '99999999999999999999'])
    test(`-o '${text}' is refused`, () => {
      assert.throws(() => parseReadStart(text), { exitStatus: 2 });
    });
});
