import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isExact, sentence } from '#kcap/extcap/sentence.js';

test('a sentence has a word and a field for each value that is known', () => {
  assert.equal(
    sentence('arg', {
      number: 0,
      call: '--brokers',
      type: 'string',
      default: undefined,
      reload: true,
    }),
    'arg {number=0}{call=--brokers}{type=string}{reload=true}\n',
  );
});

test('no value ends its field or its line', () => {
  const hostile = 'a} {value=b}\n\x00interface {value=evil}{display=x}';
  assert.equal(
    sentence('value', { arg: 1, value: hostile }),
    'value {arg=1}{value=a) {value=b)  interface {value=evil){display=x)}\n',
  );
  assert.equal(isExact(hostile), false);
  assert.equal(isExact('/home/anna/kafka {1.properties'), true);
});
