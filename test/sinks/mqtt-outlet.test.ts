import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PublishFrame } from '#kcap/mqtt/publish-packet.js';
import { Tally } from '#kcap/pipeline/account.js';
import { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { MqttOutlet } from '#kcap/sinks/mqtt-outlet.js';
import type { Chunk } from '#kcap/sinks/outlet.js';

const NEVER = new AbortController().signal;

function chunkOf(...payloads: readonly string[]): Chunk {
  const out = new JsonBytes();
  const frame = new PublishFrame('t');
  const ends = payloads.map((payload) => {
    frame.begin(out);
    out.piece(payload);
    frame.end(out);
    return out.length;
  });
  return { bytes: out.bytes.subarray(0, out.length), ends: Int32Array.from(ends) };
}

function outlet() {
  const written: Buffer[] = [];
  const connection = {
    write: (packets: Buffer) => written.push(Buffer.from(packets)),
    close: () => Promise.resolve(),
  };
  return { written, outlet: new MqttOutlet(connection), tally: new Tally() };
}

function counts(tally: Tally): unknown {
  const { out, outcomes } = tally.account();
  const ended = [...outcomes].map(([id, { packets, bytes }]) => [id, packets, bytes]);
  return [out.packets, out.bytes, ...ended];
}

test('messages are out when they are acknowledged, and sent again with a new connection', async () => {
  const { outlet: mqtt, written, tally } = outlet();
  const { bytes, ends } = chunkOf('one', 'three', 'five');
  await mqtt.send({ bytes, ends }, tally, NEVER);
  bytes.fill(0);
  mqtt.acknowledge(2);
  mqtt.settle(tally);
  assert.deepEqual(counts(tally), [1, 5]);
  mqtt.lost();
  written.length = 0;
  mqtt.connected();
  assert.match(Buffer.concat(written).toString('latin1'), /^:.*one:.*five$/s);
  const flushing = mqtt.flush(tally, NEVER);
  mqtt.acknowledge(1);
  mqtt.acknowledge(3);
  await flushing;
  assert.deepEqual(counts(tally), [3, 12]);
});

test('what is not acknowledged until the end has failed', async () => {
  const { outlet: mqtt, tally } = outlet();
  const end = new AbortController();
  await mqtt.send(chunkOf('one', 'two'), tally, end.signal);
  mqtt.acknowledge(1);
  end.abort();
  await mqtt.flush(tally, end.signal);
  assert.deepEqual(counts(tally), [1, 3, ['not-acknowledged', 1, 3]]);
});

test('it waits for room, and gives up what there was none for', async () => {
  const { outlet: mqtt, written, tally } = outlet();
  const end = new AbortController();
  const many = chunkOf(...Array.from({ length: 20_500 }, () => 'x'));
  const sending = mqtt.send(many, tally, end.signal);
  await new Promise(setImmediate);
  assert.equal(written.length, 1);
  for (let identifier = 1; identifier <= 500; identifier++) mqtt.acknowledge(identifier);
  await sending;
  assert.equal(written.length, 2);
  const waiting = mqtt.send(chunkOf('y', 'z'), tally, end.signal);
  end.abort();
  await waiting;
  assert.deepEqual(counts(tally), [0, 0, ['peer-away', 2, 0]]);
});

test('a message at which the broker always hangs up is given up', async () => {
  const { outlet: mqtt, tally } = outlet();
  await mqtt.send(chunkOf('poison', 'good'), tally, NEVER);
  for (let lost = 0; lost < 3; lost++) mqtt.lost();
  const flushing = mqtt.flush(tally, NEVER);
  mqtt.acknowledge(2);
  await flushing;
  assert.deepEqual(counts(tally), [1, 4, ['hung-up', 1, 6]]);
});
