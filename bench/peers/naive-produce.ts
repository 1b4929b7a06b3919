import { createRequire } from 'node:module';

import kafka, { type LibrdKafkaError } from 'node-rdkafka';

import { naiveOptions } from './naive-options.js';

/** npm cap and node-rdkafka as their manuals show them: a callback a packet, a produce a packet. */

interface Capture {
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  on(event: 'packet', listener: (bytes: number) => void): void;
  close(): void;
}

const MAX_FRAME_BYTES = 65_535;
const BUFFER_BYTES = 32 * 1024 * 1024;
const POLL_MS = 10;
const FLUSH_MS = 10_000;

const { interface: device, topic, properties } = naiveOptions();
let packets = 0;
let delivered = 0;
let failed = 0;

const producer = new kafka.Producer({ ...properties, dr_cb: true });
producer.on('delivery-report', (error: LibrdKafkaError | null) => {
  if (error) failed++;
  else delivered++;
});
producer.on('ready', start);
producer.setPollInterval(POLL_MS);
producer.connect();

function start(): void {
  const { Cap } = createRequire(import.meta.url)('cap') as { Cap: new () => Capture };
  const capture = new Cap();
  const buffer = Buffer.alloc(MAX_FRAME_BYTES);
  capture.open(device, '', BUFFER_BYTES, buffer);
  capture.on('packet', (bytes) => {
    packets++;
    const key = Buffer.allocUnsafe(8);
    const timeMs = Date.now();
    key.writeBigUInt64BE(BigInt(timeMs) * 1000n);
    const frame = Buffer.from(buffer.subarray(0, bytes));
    try {
      producer.produce(topic, null, frame, key, timeMs);
    } catch {
      failed++;
    }
  });
  process.once('SIGTERM', () => {
    capture.close();
    producer.flush(FLUSH_MS, () => {
      // The last delivery reports come with the next poll.
      setTimeout(end, 2 * POLL_MS);
    });
  });
  console.error('{"event":"started"}');
}

function end(): void {
  console.error(
    JSON.stringify({
      event: 'summary',
      packets_in: packets,
      packets_out: delivered,
      packets_failed: failed,
    }),
  );
  producer.disconnect(() => process.exit());
}
