import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openInScope, Scope } from '#kcap/pipeline/scope.js';

describe('a scope', () => {
  test('closes what was opened in it in reverse order, and each once', async () => {
    const diary: string[] = [];
    const scope = new Scope();
    for (const name of ['client', 'capture', 'file']) scope.own(closable(diary, name));
    await scope.close();
    await scope.close();
    assert.deepEqual(diary, ['file', 'capture', 'client']);
  });

  test('closes the others also where one fails to close, and says what failed first', async () => {
    const diary: string[] = [];
    const scope = new Scope();
    scope.own(closable(diary, 'client'));
    for (const name of ['capture', 'file'])
      scope.own({ close: () => Promise.reject(new Error(name)) });
    await assert.rejects(scope.close(), /^Error: file$/);
    assert.deepEqual(diary, ['client']);
  });

  test('is closed where opening fails half-way; the cause is what is thrown', async () => {
    const diary: string[] = [];
    const opening = openInScope((scope) => {
      scope.own(closable(diary, 'client'));
      scope.own({ close: () => Promise.reject(new Error('closing')) });
      return Promise.reject(new Error('no such interface'));
    });
    await assert.rejects(opening, /^Error: no such interface$/);
    assert.deepEqual(diary, ['client']);
  });

  test('stays open where everything opens', async () => {
    const diary: string[] = [];
    const { opened, scope } = await openInScope((scope) => {
      scope.own(closable(diary, 'client'));
      return Promise.resolve('all');
    });
    assert.deepEqual([opened, diary], ['all', []]);
    await scope.close();
    assert.deepEqual(diary, ['client']);
  });
});

function closable(diary: string[], name: string) {
  return {
    close: () => {
      diary.push(name);
    },
  };
}
