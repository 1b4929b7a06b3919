import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { shortage, systemCause, systemError, type Place } from '#kcap/errors/system-error.js';
import { usageError } from '#kcap/errors/user-error.js';

const FILE: Place = {
  named: { verb: 'name', noun: 'file with -w' },
  use: 'write to',
  missing: 'make its folder',
};
const OUTPUT: Place = { ...FILE, named: { verb: 'redirect standard output to', noun: 'file' } };

describe("an error of the system's", () => {
  test('keeps its words, without the call and the path', () => {
    for (const path of ['/no/such, file', '/no/such'])
      assert.throws(
        () => readFileSync(path),
        (error) => systemCause(error) === 'ENOENT: no such file or directory',
      );
  });

  test('is told from an error whose words are its own', () => {
    assert.equal(systemCause(new Error('damaged, read on')), 'damaged, read on');
  });

  for (const [code, remedy] of [
    ['ENOENT', 'make its folder'],
    ['EACCES', 'name a file with -w that this user may write to'],
    ['EROFS', 'name a file with -w on a file system that can be written to'],
    ['EEXIST', 'something that is not a folder is in the way: name another file with -w'],
    ['EDQUOT', 'make room there, or name a file with -w on another disk'],
    ['EMFILE', 'raise the number of files that a process may open (ulimit -n)'],
    ['EPIPE', undefined],
  ] as const)
    test(`has a remedy that fits: ${code}`, () => {
      const error = Object.assign(new Error(`${code}: words, open '/x'`), {
        code,
        syscall: 'open',
      });
      const shown = systemError('write /x', error, FILE);
      assert.equal(shown.message, `write /x: ${code}: words`);
      assert.equal(shown.remedy, remedy);
    });

  test('has a remedy that fits the place', () => {
    const full = Object.assign(new Error('ENOSPC: full, write'), { code: 'ENOSPC' });
    assert.equal(
      systemError('write standard output', full, OUTPUT).remedy,
      'make room there, or redirect standard output to a file on another disk',
    );
  });

  test('leaves what users are told already as it is', () => {
    const error = usageError('-w', 'wrong');
    assert.equal(systemError('write /x', error, FILE), error);
  });

  test('is a shortage where there is no room', () => {
    const of = (code: string) => shortage(Object.assign(new Error(code), { code }));
    assert.equal(of('ENOSPC'), 'the disk is full');
    assert.equal(of('EMFILE'), 'too many files are open');
    assert.equal(of('EACCES'), undefined);
  });
});
