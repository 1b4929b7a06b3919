import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseChoice, parseCount, parseSeconds } from '#kcap/commands/values.js';
import { usageError } from '#kcap/errors/user-error.js';

describe('a count', () => {
  const good: [text: string, count: number][] = [
    ['0', 0],
    ['1', 1],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, count] of good) {
    test(`is ${count} in '${text}'`, () => {
      assert.equal(parseCount('-m', text), count);
    });
  }

  for (const text of [
    '',
    'x',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '9007199254740992',
    '٣',
  ]) {
    test(`is not '${text}'`, () => {
      assert.throws(
        () => parseCount('-m', text),
        usageError(`-m ${text}`, 'not a whole number', 'for example -m 10'),
      );
    });
  }

  test('may be as large as its option allows', () => {
    assert.equal(parseCount('--port', '65535', 65_535), 65_535);
    assert.throws(
      () => parseCount('--port', '65536', 65_535),
      usageError('--port 65536', 'not a whole number up to 65535', 'for example --port 10'),
    );
  });
});

describe('a number of seconds', () => {
  const good: [text: string, milliseconds: number][] = [
    ['0', 0],
    ['10', 10_000],
    ['0.5', 500],
    ['0.25', 250],
    ['2147483', 2_147_483_000],
  ];
  for (const [text, milliseconds] of good) {
    test(`is ${milliseconds} ms in '${text}'`, () => {
      assert.equal(parseSeconds('--drain-timeout', text), milliseconds);
    });
  }

  // The last one is more than a timer can wait.
  for (const text of ['', '.5', '5.', '-1', '1e3', '10s', 'Infinity', '2147484']) {
    test(`is not '${text}'`, () => {
      assert.throws(
        () => parseSeconds('--drain-timeout', text),
        usageError(
          `--drain-timeout ${text}`,
          'not a number of seconds',
          'for example --drain-timeout 10',
        ),
      );
    });
  }
});

describe('a choice', () => {
  const choices = ['begin', 'end', 'stored'] as const;

  test('is one of a few words', () => {
    assert.deepEqual(
      choices.map((choice) => parseChoice('-o', choice, choices)),
      choices,
    );
  });

  for (const text of ['', 'BEGIN', 'beginn', 'en']) {
    test(`is not '${text}'`, () => {
      assert.throws(
        () => parseChoice('-o', text, choices),
        usageError(`-o ${text}`, 'no such choice', 'use one of: begin, end, stored'),
      );
    });
  }
});
