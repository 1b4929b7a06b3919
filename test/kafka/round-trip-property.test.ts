import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { BatchConsumer } from '#kcap/kafka/batch-consumer.js';
import type { BatchProducer } from '#kcap/kafka/batch-producer.js';
import { UnusablePackets } from '#kcap/pcap/capture-decoder.js';
import { CaptureFileDecoder } from '#kcap/pcap/capture-file-decoder.js';

import { packetsIn } from '../packet/packets.js';
import { captures } from '../support/captures/arbitraries.js';
import type { CapturedPacket } from '../support/captures/capture.js';
import { AT_ONCE, InMemoryKafka, NEVER } from './in-memory.js';

async function send(producer: BatchProducer, file: Buffer): Promise<void> {
  const decoder = new CaptureFileDecoder(new UnusablePackets());
  let rest = Buffer.from(file);
  for (let wanted = 0; wanted === 0;) {
    const decoded = decoder.decode(rest);
    if (decoded.batch) await producer.send(decoded.batch, NEVER);
    rest = rest.subarray(decoded.consumed);
    wanted = decoded.wanted;
  }
}

/** Reads until `end`, an offset of the topic's only partition; so a packet that is missing holds up nothing. */
async function readTo(end: number, consumer: BatchConsumer): Promise<CapturedPacket[]> {
  const packets: CapturedPacket[] = [];
  for (let next = 0; next < end;) {
    const batch = await consumer.next();
    assert.ok(batch?.packets.origin);
    const { bytes, link, origin } = batch.packets;
    const { linkType, precision, interface: name } = link;
    for (const packet of packetsIn(Buffer.from(bytes)))
      packets.push({
        ...packet,
        linkType,
        precision,
        ...(name === undefined ? {} : { interface: name }),
      });
    next = origin.next[0]?.offset ?? next;
  }
  return packets;
}

/**
 * What Kafka's key makes of it: a fraction of more than a second is carried over. No original length is shorter than
 * what was captured.
 */
function inKafka({ seconds, fraction, ...packet }: CapturedPacket): CapturedPacket {
  const perSecond = packet.precision === 'nano' ? 1e9 : 1e6;
  return {
    ...packet,
    originalLength: Math.max(packet.originalLength, packet.frame.length),
    seconds: seconds + Math.floor(fraction / perSecond),
    fraction: fraction % perSecond,
  };
}

// Several captures a time, since each time costs a fetch.
const someCaptures = fc.array(captures, { minLength: 10, maxLength: 10 });

test('random captures come back out of Kafka as they went in', { timeout: 60_000 }, async (t) => {
  const kafka = new InMemoryKafka(t);
  const producer = kafka.producer({ properties: AT_ONCE, namesInterface: true });
  const consumer = kafka.consumer();
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(someCaptures, async (files) => {
      for (const { bytes } of files) await send(producer, bytes);
      assert.equal(await producer.flush(10_000), 0);
      const packets = files.flatMap((file) => file.packets);
      sent += packets.length;
      assert.equal(producer.counters().delivered, sent);
      assert.deepEqual(
        await readTo(sent, consumer),
        packets.map(inKafka).filter(({ seconds }) => seconds <= 0xffff_ffff),
      );
    }),
    // Of a failure, the smallest example that is found in this time.
    { numRuns: 200, plugins: [fc.interruptAfterTimeLimit(40_000, { failOnInterrupt: true })] },
  );
});
