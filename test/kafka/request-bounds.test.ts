import assert from 'node:assert/strict';
import { test } from 'node:test';

import { requestBounds, slownessOf } from '#kcap/kafka/request-bounds.js';

const USUAL = { bytes: 1_000_000, messageBytes: 1_000_000, messages: 10_000 };
const NONE = new Map<string, string>();
const NEAR = { limitBytes: 1_048_588, roundTripMs: 0.5 };

test('leaves requests as they are where the topic takes them, or says nothing', () => {
  assert.deepEqual(requestBounds(USUAL, NONE, { ...NEAR, limitBytes: undefined }), USUAL);
  assert.deepEqual(requestBounds(USUAL, NONE, NEAR), USUAL);
  const long = { ...NEAR, limitBytes: 2_000_000 };
  assert.deepEqual(requestBounds(USUAL, NONE, long), { ...USUAL, messageBytes: 2_000_000 });
});

test('cuts requests to what the topic takes, also where the user has set more', () => {
  const topic = { ...NEAR, limitBytes: 20_000 };
  assert.equal(requestBounds(USUAL, NONE, topic).bytes, 20_000);
  const user = new Map([['batch.size', '500000']]);
  assert.equal(requestBounds({ ...USUAL, bytes: 500_000 }, user, topic).bytes, 20_000);
});

test('believes who compresses and sets a size', () => {
  const user = new Map([
    ['batch.size', '2000000'],
    ['compression.type', 'zstd'],
  ]);
  const usual = { ...USUAL, bytes: 2_000_000 };
  assert.equal(requestBounds(usual, user, NEAR).bytes, 2_000_000);
});

test('fills requests over a long way, as far as the topic takes them', () => {
  const far = { limitBytes: 4_000_000, roundTripMs: 50 };
  const large = { bytes: 4_000_000, messageBytes: 4_000_000, messages: 125_000 };
  assert.deepEqual(requestBounds(USUAL, NONE, far), large);
  const user = new Map([
    ['batch.size', '1000000'],
    ['batch.num.messages', '10000'],
    ['message.max.bytes', '1000000'],
  ]);
  assert.deepEqual(requestBounds(USUAL, user, far), USUAL);
});

test('names the way to the brokers as what slows an idempotent producer down', () => {
  assert.match(slownessOf(NONE, 52.3) ?? '', /^the brokers are 52 ms away, .*max\.message\.bytes/);
  assert.equal(slownessOf(NONE, 0.4), undefined);
  assert.equal(slownessOf(new Map([['acks', '1']]), 52.3), undefined);
});
