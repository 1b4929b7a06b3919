import assert from 'node:assert/strict';
import { test } from 'node:test';

import { printable } from '#kcap/terminal/printable.js';

import { kcap } from '../support/kcap.js';

test('what moves a cursor or colours a screen is shown and not done; lines and letters stay', () => {
  assert.equal(printable('\x1b[2Jé\r\u009b1m\x7f\n€'), '\\x1b[2Jé\\x0d\\x9b1m\\x7f\n€');
});

test('an error about what somebody has given shows it that way', async (t) => {
  const run = kcap(t, ['-p', '-k', 'b:1', '-t', 'x', '-i', 'lo', '-ll', '\x1b[31mred']);
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /^kcap: -ll \\x1b\[31mred: no such log level\n/);
});

test('a log as text, too', async (t) => {
  const run = kcap(t, [
    ...['-c', '-k', '127.0.0.1:1\x1b[31m', '-t', 'x', '--log-format', 'text', '-ll', 'DEBUG'],
  ]);
  await run.exit;
  assert.match(run.stderr, /\\x1b\[31m/);
  // oxlint-disable-next-line no-control-regex -- there is to be none
  assert.doesNotMatch(run.stderr, /\x1b\[31m/);
});
