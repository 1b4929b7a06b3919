import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InFlight } from '#kcap/mqtt/in-flight.js';
import { identify, markAgain, payloadAt, PublishFrame } from '#kcap/mqtt/publish-packet.js';
import { JsonBytes } from '#kcap/protocols/json-bytes.js';

const TOPIC = 'sip/fra1';

/** The packets of payloads, and where each ends. */
function packetsOf(payloads: readonly Buffer[]): { bytes: Buffer; ends: Int32Array } {
  const out = new JsonBytes();
  const frame = new PublishFrame(TOPIC);
  const ends = payloads.map((payload) => {
    frame.begin(out);
    out.copy(payload, 0, payload.length);
    frame.end(out);
    return out.length;
  });
  return { bytes: Buffer.from(out.bytes.subarray(0, out.length)), ends: Int32Array.from(ends) };
}

interface Packet {
  readonly first: number;
  readonly identifier: number;
  readonly topic: string;
  readonly payload: Buffer;
}

/** Reads packets as MQTT 3.1.1 has them. */
function read(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at++);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++);
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const rest = bytes.subarray(at, at + length);
    assert.equal(rest.length, length);
    const topicEnd = 2 + rest.readUInt16BE(0);
    packets.push({
      first,
      identifier: rest.readUInt16BE(topicEnd),
      topic: rest.toString('utf8', 2, topicEnd),
      payload: rest.subarray(topicEnd + 2),
    });
    at += length;
  }
  return packets;
}

test('packets of any length are read back', () => {
  const besides = 2 + TOPIC.length + 2;
  const sizes = [0, 1, 127, 128, 600, 16_383, 16_384, 300_000, 2_097_151, 2_097_152];
  const payloads = sizes.map((size, index) =>
    Buffer.alloc(Math.max(0, size - besides), 97 + index),
  );
  const { bytes, ends } = packetsOf(payloads);
  for (const [index, payload] of payloads.entries()) {
    const start = index === 0 ? 0 : (ends[index - 1] ?? 0);
    identify(bytes, start, 65_535 - index);
    assert.deepEqual(bytes.subarray(payloadAt(bytes, start), ends[index]), payload);
  }
  assert.deepEqual(
    read(bytes),
    payloads.map((payload, index) => ({
      ...{ first: 0x32, identifier: 65_535 - index, topic: TOPIC, payload },
    })),
  );
  markAgain(bytes, 0);
  assert.equal(read(bytes)[0]?.first, 0x3a);
});

test('what is in flight is sent again in order, but for what was acknowledged', () => {
  const inFlight = new InFlight();
  const payloads = Array.from({ length: 10 }, (_, index) => Buffer.from(`payload ${index}`));
  const first = packetsOf(payloads.slice(0, 6));
  const second = packetsOf(payloads.slice(6));
  inFlight.add(first.bytes, first.ends);
  inFlight.add(second.bytes, second.ends);
  assert.equal(inFlight.count, 10);
  const identifiers = read(Buffer.concat([first.bytes, second.bytes])).map(
    ({ identifier }) => identifier,
  );
  assert.deepEqual(identifiers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const identifier of [1, 3, 4, 10])
    assert.equal(inFlight.acknowledge(identifier), 'payload 0'.length);
  assert.equal(inFlight.acknowledge(3), undefined);
  assert.equal(inFlight.acknowledge(60_000), undefined);
  const again = read(Buffer.concat([...inFlight.again()]));
  assert.deepEqual(
    again.map(({ first: byte, identifier, payload }) => [byte, identifier, String(payload)]),
    [2, 5, 6, 7, 8, 9].map((identifier) => [0x3a, identifier, `payload ${identifier - 1}`]),
  );
  assert.equal(inFlight.giveUpOldest(), 'payload 1'.length);
  assert.equal(inFlight.count, 5);
});

test('identifiers come again, but never while they are in flight', () => {
  const inFlight = new InFlight();
  const one = () => packetsOf([Buffer.from('x')]);
  const kept = one();
  inFlight.add(kept.bytes, kept.ends);
  const seen = new Set<number>();
  for (let turn = 0; turn < 70_000; turn++) {
    const { bytes, ends } = one();
    inFlight.add(bytes, ends);
    const identifier = read(bytes)[0]?.identifier ?? 0;
    assert.ok(identifier >= 2 && identifier <= 65_535);
    seen.add(identifier);
    inFlight.acknowledge(identifier);
  }
  assert.equal(seen.size, 65_534);
  assert.equal(inFlight.count, 1);
});

test('its bound is in bytes and in messages', () => {
  const inFlight = new InFlight();
  const most = inFlight.room;
  const { bytes, ends } = packetsOf([Buffer.alloc(9 * 1024 * 1024)]);
  inFlight.add(bytes, ends);
  assert.equal(inFlight.room, 0);
  inFlight.acknowledge(1);
  assert.equal(inFlight.room, most);
  const many = packetsOf(Array.from({ length: most }, () => Buffer.from('x')));
  inFlight.add(many.bytes, many.ends);
  assert.equal(inFlight.room, 0);
});
