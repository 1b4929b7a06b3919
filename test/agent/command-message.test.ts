import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { answerText, parseCommandMessage, untimely } from '#kcap/agent/command-message.js';

const COMMAND = {
  version: 'v1',
  target: 'edge-1',
  command: 'task_list',
  timestamp: '2026-02-21T10:30:00Z',
  request_id: 'req-abc-123',
  payload: { task_id: 'x' },
};

const parsed = (value: unknown) => parseCommandMessage(Buffer.from(JSON.stringify(value)));
const issuedAt = (timestamp: unknown) => {
  const message = parsed({ ...COMMAND, timestamp });
  return typeof message === 'string' ? message : message.issuedAtMs;
};

describe('a command message', () => {
  test('is read field by field', () => {
    assert.deepEqual(parsed(COMMAND), {
      target: 'edge-1',
      command: 'task_list',
      issuedAtMs: Date.UTC(2026, 1, 21, 10, 30),
      requestId: 'req-abc-123',
      payload: { task_id: 'x' },
    });
  });

  test('needs no parameters and no command to be answered', () => {
    const message = parsed({ version: 'v1', target: '*', request_id: 'a', payload: null });
    assert.deepEqual(message, {
      ...{ target: '*', command: '', issuedAtMs: undefined, requestId: 'a', payload: undefined },
    });
  });

  for (const [timestamp, expected] of [
    ['2026-02-21T10:30:00.123456789Z', Date.UTC(2026, 1, 21, 10, 30, 0, 123)],
    ['2026-02-21T18:30:00.5+08:00', Date.UTC(2026, 1, 21, 10, 30, 0, 500)],
    ['2026-02-21t10:30:00z', Date.UTC(2026, 1, 21, 10, 30)],
    ['2016-12-31T23:59:60Z', Date.UTC(2016, 11, 31, 23, 59, 59)],
    // What a Go client sends that has not set it.
    ['0001-01-01T00:00:00Z', undefined],
    ['', undefined],
    [null, undefined],
    ['2026-02-21', 'not-a-command'],
    ['yesterday', 'not-a-command'],
    [1_771_669_800, 'not-a-command'],
    ['2026-13-21T10:30:00Z', 'not-a-command'],
  ] as const)
    test(`has a time of RFC 3339: ${JSON.stringify(timestamp)}`, () => {
      assert.equal(issuedAt(timestamp), expected);
    });

  for (const [what, value, expected] of [
    ['no JSON', '{"version":', 'not-json'],
    ['nothing', '', 'not-json'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not-json'],
    ['an array', '[]', 'not-a-command'],
    ['null', 'null', 'not-a-command'],
    ['a megabyte and more', `"${'x'.repeat(1024 * 1024)}"`, 'too-large'],
    ['a million brackets', '['.repeat(1_000_000), 'not-json'],
    ['another version', JSON.stringify({ ...COMMAND, version: 'v2' }), 'other-version'],
    ['no version', JSON.stringify({ ...COMMAND, version: undefined }), 'other-version'],
    ['no target', JSON.stringify({ ...COMMAND, target: undefined }), 'not-a-command'],
    ['an empty target', JSON.stringify({ ...COMMAND, target: '' }), 'not-a-command'],
    ['no request id', JSON.stringify({ ...COMMAND, request_id: '' }), 'not-a-command'],
    ['a number for an id', JSON.stringify({ ...COMMAND, request_id: 7 }), 'not-a-command'],
    ['an endless id', JSON.stringify({ ...COMMAND, request_id: 'x'.repeat(257) }), 'not-a-command'],
    ['a command that is no text', JSON.stringify({ ...COMMAND, command: {} }), 'not-a-command'],
  ] as const)
    test(`is not made of ${what}`, () => {
      assert.equal(parseCommandMessage(Buffer.from(value)), expected);
    });
});

describe('a command', () => {
  const nowMs = Date.UTC(2026, 1, 21, 10, 30);
  const at = (ageMs: number) => untimely(nowMs - ageMs, { ttlMs: 300_000, nowMs });

  test('is valid for its time to live, and a minute ahead', () => {
    for (const ageMs of [0, 300_000, -60_000]) assert.equal(at(ageMs), undefined);
  });

  test('is too old after that', () => {
    assert.equal(at(300_001), 'the command is 300 s old, and commands are valid for 300 s');
  });

  test('is from the future before that', () => {
    assert.equal(at(-61_000), 'the command is from 61 s in the future: one of the clocks is wrong');
  });
});

test("an answer has capture-agent's fields", () => {
  const { timestamp, ...answer } = JSON.parse(
    answerText('edge-1', {
      command: 'task_list',
      requestId: 'r',
      outcome: { result: { count: 0 } },
    }),
  ) as Record<string, unknown>;
  assert.deepEqual(answer, {
    ...{ version: 'v1', source: 'edge-1', command: 'task_list', request_id: 'r' },
    result: { count: 0 },
  });
  assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});
