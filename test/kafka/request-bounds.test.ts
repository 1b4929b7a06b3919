import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packedBounds, requestBounds, slownessOf } from '#kcap/kafka/request-bounds.js';

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

const PACKING = { bytes: 65_536, mayGrow: true, ageMs: 50 };
const PACKED = { packing: PACKING, packs: 1, headerBytes: 100 };
const FAR = { limitBytes: 1_048_588, roundTripMs: 50 };

test('leaves packs as long as they are by default over a short way, or where they were given', () => {
  assert.deepEqual(packedBounds(USUAL, NONE, NEAR, PACKED), { ...USUAL, packBytes: 65_536 });
  const given = { ...PACKED, packing: { ...PACKING, mayGrow: false } };
  assert.deepEqual(packedBounds(USUAL, NONE, FAR, given), { ...USUAL, packBytes: 65_536 });
  const unknown = { ...FAR, limitBytes: undefined };
  assert.deepEqual(packedBounds(USUAL, NONE, unknown, PACKED), { ...USUAL, packBytes: 65_536 });
});

test('cuts packs to what the topic and the client take', () => {
  const small = { ...NEAR, limitBytes: 20_000 };
  assert.equal(packedBounds(USUAL, NONE, small, PACKED).packBytes, 20_000 - 512 - 100);
  const client = { ...USUAL, messageBytes: 10_000 };
  assert.equal(packedBounds(client, NONE, NEAR, PACKED).packBytes, 10_000 - 512 - 100);
});

test('makes packs as long as the topic takes over a long way, and each a request', () => {
  const packBytes = 1_000_000 - 512 - 100;
  const bytes = packBytes / 2;
  assert.deepEqual(packedBounds(USUAL, NONE, FAR, PACKED), { ...USUAL, bytes, packBytes });
  const small = { ...FAR, limitBytes: 100_000 };
  assert.equal(packedBounds(USUAL, NONE, small, PACKED).packBytes, 100_000 - 512 - 100);
  const user = new Map([['batch.size', '800000']]);
  const usual = { ...USUAL, bytes: 800_000 };
  assert.deepEqual(packedBounds(usual, user, FAR, PACKED), { ...usual, packBytes });
});

test('shares the memory for long packs among the partitions that each have one', () => {
  const flows = { ...PACKED, packs: 40 };
  assert.equal(packedBounds(USUAL, NONE, FAR, flows).packBytes, 200_000);
  assert.equal(packedBounds(USUAL, NONE, FAR, { ...flows, packs: 4000 }).packBytes, 65_536);
});

test('names the way to the brokers as what slows an idempotent producer down', () => {
  const plain = slownessOf(NONE, 52.3, false) ?? '';
  assert.match(plain, /^the brokers are 52 ms away, .*one request.*--pack, .*max\.message\.bytes/);
  assert.doesNotMatch(slownessOf(NONE, 52.3, true) ?? '', /--pack|one request/);
  assert.equal(slownessOf(NONE, 0.4, false), undefined);
  assert.equal(slownessOf(new Map([['acks', '1']]), 52.3, false), undefined);
});
