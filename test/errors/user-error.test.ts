import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { codeOf, messageOf, usageError, UserError } from '#kcap/errors/user-error.js';

describe('UserError', () => {
  test('says what failed and why', () => {
    const error = new UserError('read x.pcap', 'not a pcap file');
    assert.equal(error.message, 'read x.pcap: not a pcap file');
    assert.equal(error.name, 'UserError');
    assert.ok(error instanceof Error);
  });

  test('means status 1 and has no remedy unless it is given one', () => {
    const { exitStatus, remedy } = new UserError('read x.pcap', 'not a pcap file');
    assert.deepEqual({ exitStatus, remedy }, { exitStatus: 1, remedy: undefined });
  });

  test('carries the remedy and the status that it is given', () => {
    const { exitStatus, remedy } = new UserError('a', 'b', { remedy: 'do c', exitStatus: 2 });
    assert.deepEqual({ exitStatus, remedy }, { exitStatus: 2, remedy: 'do c' });
  });
});

describe('usageError', () => {
  test('is a UserError with status 2', () => {
    const error = usageError('-m x', 'not a whole number', 'for example -m 10');
    assert.ok(error instanceof UserError);
    assert.equal(error.message, '-m x: not a whole number');
    assert.deepEqual([error.exitStatus, error.remedy], [2, 'for example -m 10']);
  });
});

describe('what was thrown', () => {
  const noEntry = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  const cases: [what: string, thrown: unknown, message: string, code: string | undefined][] = [
    ['an error', new Error('boom'), 'boom', undefined],
    ["the system's error", noEntry, 'no such file', 'ENOENT'],
    ['an error with a number as code', Object.assign(new Error('x'), { code: 7 }), 'x', undefined],
    ['a text', 'boom', 'boom', undefined],
    ['an object that is no error', { code: 'ENOENT' }, '[object Object]', undefined],
    ['nothing', undefined, 'undefined', undefined],
  ];
  for (const [what, thrown, message, code] of cases) {
    test(`${what}: has a message, and a code where it is a text`, () => {
      assert.equal(messageOf(thrown), message);
      assert.equal(codeOf(thrown), code);
    });
  }
});
