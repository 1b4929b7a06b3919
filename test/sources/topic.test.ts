import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { OFFSET_STORED } from '#kcap/kafka/batch-consumer.js';
import { TopicSource } from '#kcap/sources/topic.js';

import { AT_ONCE, InMemoryKafka, readPackets } from '../kafka/in-memory.js';
import { batchOf, numbered } from '../packet/packets.js';
import { testsOfSource } from '../pipeline/source-contract.js';
import type { PcapPacket } from '../support/pcap-file.js';
import { sendMessages } from '../support/topic.js';
import { endsOf } from '../pipeline/ends.js';

testsOfSource('a topic', {
  ending: (t, packets) => topicOf(t, packets, packets.length),
  endless: (t, packets) => topicOf(t, packets, undefined),
});

async function topicOf(
  t: TestContext,
  packets: readonly PcapPacket[],
  end: number | undefined,
): Promise<TopicSource> {
  const kafka = new InMemoryKafka(t);
  await kafka.send(batchOf(packets));
  return new TopicSource(kafka.topic, kafka.consumer(end === undefined ? {} : { end }));
}

/** Nobody stops it. One for each use: a source may listen to it as long as it lives. */
const never = () => new AbortController().signal;

describe('a topic', () => {
  test('counts messages that are no packets, and what it had to guess', async (t) => {
    const kafka = new InMemoryKafka(t);
    kafka.lendToPeers();
    const value = Buffer.from('frame');
    const key = Buffer.alloc(8);
    await sendMessages(kafka.topic, [
      { key, value },
      { key, value: null },
      { key: Buffer.alloc(8, 0xff), value },
      { key: Buffer.alloc(8, 0xff), value },
      { value },
      { value },
      { value },
      { key, value, headers: [['pcap-origlen', 'many']] },
    ]);
    const source = new TopicSource('packets', kafka.consumer({ end: 8 }));
    let count = 0;
    for await (const batch of source.batches(never())) count += batch.count;
    assert.equal(count, 5);
    assert.deepEqual(endsOf(source).ended, { 'no-value': 1, 'time-out-of-range': 2 });
    assert.deepEqual(source.account().beside, {
      time_from_kafka: 3,
      bad_headers: 1,
      deleted_unread: 0,
      outside_slack: 0,
    });
  });

  test('goes on after what was acknowledged', async (t) => {
    const kafka = new InMemoryKafka(t);
    await kafka.send(batchOf(numbered(2)), batchOf(numbered(3, { first: 2 }), { linkType: 113 }));
    const options = { group: 'team-a', shared: false };
    const source = new TopicSource('packets', kafka.consumer({ ...options, end: 5 }));
    for await (const { origin } of source.batches(never())) {
      assert.ok(origin);
      source.acknowledge(origin);
      break;
    }
    await source.close();
    const partitions = [{ partition: 0, start: OFFSET_STORED, end: 5 }];
    const rest = await readPackets(kafka.consumer({ ...options, partitions }));
    assert.deepEqual(rest, numbered(3, { first: 2 }));
  });

  test('does not count the messages of a batch that it no longer gives', async (t) => {
    const kafka = new InMemoryKafka(t);
    const producer = kafka.producer({ properties: AT_ONCE });
    await producer.send(batchOf(numbered(1)), never());
    await producer.flush(10_000);
    kafka.lendToPeers();
    await sendMessages(kafka.topic, [{ value: null }]);
    const source = new TopicSource('packets', kafka.consumer({ end: 2 }));
    const batches = source.batches(AbortSignal.abort())[Symbol.asyncIterator]();
    assert.equal((await batches.next()).done, true);
    assert.deepEqual(endsOf(source).ended, {});
  });
});
