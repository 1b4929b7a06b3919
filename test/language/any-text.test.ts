import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { LanguageError } from '#kcap/language/language-error.js';
import { compileSipFilter } from '#kcap/language/sip-filter.js';
import { Passage } from '#kcap/protocols/passage.js';
import { SipMessage } from '#kcap/protocols/sip/sip-message.js';

import { INVITE } from '../protocols/sip/messages.js';

const parts = fc.constantFrom(
  ...['(', ')', '"', ';', '\n', ' ', '\t', '\\', '[', '*', '200', '-1', 'x'],
  ...['all', 'any', 'not', 'request', 'status', 'method', 'header', 'to', 'body', 'src', 'port'],
  ...['"sip:"', '"a+"', '10.0.0.0/8', '5060', 'invite', 'é', '\u2028', '\ud800'],
);
const texts = fc.oneof(
  fc.array(parts, { maxLength: 30 }).map((words) => words.join('')),
  fc.array(parts, { maxLength: 30 }).map((words) => words.join(' ')),
  fc.string({ unit: 'binary' }),
);

test('any text is a filter, or has its fault named at a place within it', async () => {
  const sip = new SipMessage();
  sip.readDatagram(INVITE, 0, INVITE.length);
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      try {
        const filter = await compileSipFilter(text);
        assert.equal(typeof filter(sip, new Passage()), 'boolean');
      } catch (error) {
        assert.ok(error instanceof LanguageError, String(error));
        const lines = text.split('\n');
        assert.ok(error.line >= 1 && error.line <= lines.length);
        assert.ok(error.column >= 1 && error.column <= (lines[error.line - 1]?.length ?? 0) + 1);
        assert.equal(error.marked.split('\n').length, 2);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a filter of a megabyte is read in linear time', async () => {
  const began = performance.now();
  await compileSipFilter(`(any ${'; comment\n request '.repeat(50_000)})`);
  await assert.rejects(compileSipFilter('('.repeat(1_000_000)), LanguageError);
  await assert.rejects(compileSipFilter(`(any ${'x '.repeat(500_000)})`), LanguageError);
  assert.ok(performance.now() - began < 10_000);
});
