import assert from 'node:assert/strict';
import { test } from 'node:test';

import { versionText } from '#kcap/commands/version.js';

test('versions fit into a terminal, and are a line each where there is none', () => {
  const whole = versionText();
  assert.match(whole, /^kcap \S+\nlibrdkafka \S+ \(gzip, .*\)\nlibpcap .*$/);
  const wrapped = versionText(80).split('\n');
  assert.ok(wrapped.length > 3);
  for (const line of wrapped) assert.ok(line.length <= 80, line);
  assert.equal(wrapped.join('\n').replaceAll('\n  ', ' '), whole);
});
