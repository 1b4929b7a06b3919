import { writeSync } from 'node:fs';

import kafka, { type Message } from 'node-rdkafka';

import { naiveOptions } from './naive-options.js';

/** node-rdkafka's flowing consumer as its manual shows it: an event a message, and a write for each. */

const { topic, partitions, packets: limit, properties } = naiveOptions();
let packets = 0;

const consumer = new kafka.KafkaConsumer(
  { ...properties, 'group.id': `naive-${process.pid}`, 'enable.auto.commit': false },
  { 'auto.offset.reset': 'earliest' },
);
consumer.on('ready', () => {
  consumer.assign(
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })),
  );
  consumer.consume();
  console.error('{"event":"started"}');
});
consumer.on('data', (message) => {
  if (packets >= limit) return;
  writePacket(message);
  packets++;
  if (packets === limit) end();
});
process.once('SIGTERM', end);
writeSync(1, fileHeader());
consumer.connect();

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

function writePacket({ key, value }: Message): void {
  if (!Buffer.isBuffer(key) || value === null) return;
  const timeUs = key.readBigUInt64BE();
  const record = Buffer.allocUnsafe(16 + value.length);
  record.writeUInt32LE(Number(timeUs / 1_000_000n), 0);
  record.writeUInt32LE(Number(timeUs % 1_000_000n), 4);
  record.writeUInt32LE(value.length, 8);
  record.writeUInt32LE(value.length, 12);
  value.copy(record, 16);
  writeSync(1, record);
}

function end(): void {
  console.error(
    JSON.stringify({
      event: 'summary',
      packets_in: packets,
      packets_out: packets,
      packets_failed: 0,
    }),
  );
  // Its own disconnect waits for seconds for the thread that reads.
  process.exit();
}
