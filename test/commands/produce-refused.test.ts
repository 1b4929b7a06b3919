import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import { pcapFile, type PcapPacket } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';

const DAY_SECONDS = 86_400;

async function sending(
  t: TestContext,
  topic: string,
  packets: readonly PcapPacket[],
  ...more: string[]
) {
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, pcapFile({ packets }));
  return kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-r', file, ...more]);
}

function frames(count: number): PcapPacket[] {
  const seconds = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, (_, index) => ({
    seconds,
    fraction: index,
    frame: Buffer.alloc(200, index),
  }));
}

test('sends everything to a topic that takes less than a usual request', async (t) => {
  const topic = await freshTopic(t, { config: { 'max.message.bytes': '100000' } });
  const run = await sending(t, topic, frames(60_000));
  assert.equal((await run.exit).status, 0);
  assert.equal(run.summary().packets_out, 60_000);
  assert.equal(await countMessages(topic), 60_000);
});

test('one packet far ahead of the clocks fails alone, and the remedy is said', async (t) => {
  const topic = await freshTopic(t, { config: { 'message.timestamp.after.max.ms': '3600000' } });
  const packets = frames(100).map((packet, index) =>
    index === 50 ? { ...packet, seconds: packet.seconds + 400 * DAY_SECONDS } : packet,
  );
  const run = await sending(t, topic, packets, '--kafka-timestamp', 'packet');
  assert.equal((await run.exit).status, 1);
  const { packets_out } = run.summary();
  assert.equal(packets_out, 99);
  assert.equal(await countMessages(topic), 99);
  assert.match(
    run.stderr,
    /the packet's own time, .*after\.max\.ms=3600000 .*--kafka-timestamp now/,
  );
});
