import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import kafka, { type LibrdKafkaError } from 'node-rdkafka';

import { settled } from './peer.js';

const {
  ERR_COORDINATOR_LOAD_IN_PROGRESS,
  ERR_COORDINATOR_NOT_AVAILABLE,
  ERR_LEADER_NOT_AVAILABLE,
  ERR_NOT_COORDINATOR,
  ERR_TOPIC_AUTHORIZATION_FAILED,
  ERR__FAIL,
  ERR__TIMED_OUT,
} = kafka.CODES.ERRORS;

type Call = Parameters<typeof settled<string>>[0];

/** A call that fails with these errors, one each time, then with the last one or succeeds. */
function calls(errors: readonly Partial<LibrdKafkaError>[], { recovers }: { recovers: boolean }) {
  const made = { count: 0 };
  const call: Call = (done) => {
    const error = errors[made.count++] ?? (recovers ? undefined : errors.at(-1));
    if (error) done(error as LibrdKafkaError);
    else done(null, 'value');
  };
  return { call, made };
}

describe('a call of the test peer', () => {
  test('is made again after temporary errors', async () => {
    const codes = [
      ERR_COORDINATOR_NOT_AVAILABLE,
      ERR_COORDINATOR_LOAD_IN_PROGRESS,
      ERR_NOT_COORDINATOR,
      ERR_LEADER_NOT_AVAILABLE,
    ];
    const errors = codes.map((code) => ({ code, message: 'not yet' }));
    const { call, made } = calls(errors, { recovers: true });
    assert.equal(await settled(call), 'value');
    assert.equal(made.count, 5);
  });

  test('is made again after an error that librdkafka calls retriable', async () => {
    const error = { code: ERR__FAIL, message: 'conflict', isRetriable: true };
    const { call, made } = calls([error], { recovers: true });
    assert.equal(await settled(call), 'value');
    assert.equal(made.count, 2);
  });

  test('fails with a temporary error that lasts', async () => {
    const error = { code: ERR_NOT_COORDINATOR, message: 'Broker: Not coordinator' };
    const { call, made } = calls([error], { recovers: false });
    await assert.rejects(settled(call, { limitMs: 50 }), {
      message: 'Broker: Not coordinator (librdkafka 16)',
    });
    assert.ok(made.count > 1);
  });

  test('fails at once with any other error', async () => {
    for (const code of [ERR_TOPIC_AUTHORIZATION_FAILED, ERR__TIMED_OUT]) {
      const { call, made } = calls([{ code, message: 'no' }], { recovers: true });
      await assert.rejects(settled(call), { message: `no (librdkafka ${code})` });
      assert.equal(made.count, 1);
    }
  });
});
