import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fetchMetadata } from './peer.js';
import { startRealKafka } from './real-kafka.js';

test('a Kafka that was killed is back at the same address after a restart', async (t) => {
  const kafka = await startRealKafka();
  t.after(() => kafka.close());
  await kafka.kill();
  await kafka.restart();
  assert.equal((await fetchMetadata(kafka.brokers)).brokers.length, 1);
});

test('a Kafka that does not start says why', async () => {
  await assert.rejects(
    startRealKafka({ properties: { 'authorizer.class.name': 'no.such.Authorizer' } }),
    /Its last lines:[^]*no\.such\.Authorizer/,
  );
});
