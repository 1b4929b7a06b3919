import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, test, type TestContext } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import { packetBatchOf } from '#kcap/packet/native-batch.js';
import type { PacketBatch } from '#kcap/packet/packet-batch.js';

import { batchOf, numbered } from '../packet/packets.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { InMemoryKafka, NEVER } from './in-memory.js';

const BATCH_BYTES = 256 * 1024;
/** Batches whose packets a producer sends from where they lie: 16 MiB of them. */
const MOST_LENT = 64;
/** Enough of a batch that it is worth lending. */
const LONG = 60_000;
/** Too little for that. */
const SHORT = 100;

/** Batches of the addon's that hold what they are told to. */
class Batches {
  readonly #listener: InstanceType<typeof addon.DatagramListener>;
  readonly #socket = createSocket('udp4');
  #sent = 0;

  constructor(t: TestContext) {
    this.#listener = new addon.DatagramListener({
      ...{ address: '127.0.0.1', port: 0, batchBytes: BATCH_BYTES },
      bufferBytes: 1024 * 1024,
    });
    t.after(async () => {
      this.#socket.close();
      await this.#listener.close();
    });
  }

  /** Packets of these lengths come, each unlike all others: in one batch, where one is held meanwhile. */
  async add(...lengths: readonly number[]): Promise<void> {
    for (const length of lengths) {
      const payload = Buffer.alloc(length, (this.#sent += 1));
      await new Promise((resolve) => {
        this.#socket.send(payload, this.#listener.port(), '127.0.0.1', resolve);
      });
    }
  }

  /** The batch given before is over then. */
  async next(): Promise<PacketBatch> {
    const batch = await this.#listener.next();
    assert.ok(batch);
    return packetBatchOf(batch);
  }
}

/** To a topic whose brokers are away: all that it sends is under way. */
function producerToNobody(t: TestContext) {
  return new InMemoryKafka(t).producer({
    properties: { 'bootstrap.servers': '127.0.0.1:1', 'enable.idempotence': 'false' },
  });
}

describe('a batch that is under way', () => {
  test('stays as it is while others follow in other memory, which is bounded and given back', async (t) => {
    const batches = new Batches(t);
    const producer = producerToNobody(t);
    const seen: { readonly bytes: Buffer; readonly was: Buffer }[] = [];
    const send = async (length: number) => {
      await batches.add(length);
      const batch = await batches.next();
      seen.push({ bytes: batch.bytes, was: Buffer.from(batch.bytes) });
      await producer.send(batch, NEVER);
    };
    const unchanged = () => [...seen.keys()].filter((i) => seen[i]?.bytes.equals(seen[i].was));
    const lent = [...Array(MOST_LENT).keys()];

    for (let i = 0; i < MOST_LENT + 6; i++) await send(LONG);
    // Of those that were copied, only the last two have not been written over.
    assert.deepEqual(unchanged(), [...lent, MOST_LENT + 4, MOST_LENT + 5]);
    const returned = await producer.withdraw();
    assert.ok(
      Buffer.concat(returned.map(({ bytes }) => bytes)).equals(
        Buffer.concat(seen.map(({ was }) => was)),
      ),
    );

    for (let i = 0; i < 4; i++) await send(SHORT);
    for (let i = 0; i < MOST_LENT; i++) await send(LONG);
    // Only what each of the two batches had kept to spare is used again.
    assert.equal(lent.length - unchanged().filter((i) => i < MOST_LENT).length, 2);
  });

  test('is over with its last packet, also where one of them is empty', async (t) => {
    const batches = new Batches(t);
    const producer = producerToNobody(t);
    const memory = new Set<ArrayBufferLike>();
    await batches.add(SHORT);
    for (let i = 0; i < 6; i++) {
      const batch = await batches.next();
      memory.add(batch.bytes.buffer);
      await producer.send(batch, NEVER);
      const [returned] = await producer.withdraw();
      assert.ok(returned?.bytes.equals(batch.bytes));
      await batches.add(LONG, 0, SHORT, 0);
    }
    // While one is read, the other is filled.
    assert.equal(memory.size, 2);
  });
});

test('the memory of a packet that is longer than a batch goes once it is over', async (t) => {
  const kafka = new InMemoryKafka(t);
  await kafka.send(batchOf([...numbered(1, { bytes: LONG }), ...numbered(200)]));
  const consumer = kafka.consumer({ end: 201, batchBytes: 1024 });
  const memoryOfNext = async () => {
    const batch = await consumer.next();
    return batch && new WeakRef(batch.packets.bytes.buffer);
  };
  const long = await memoryOfNext();
  while (await memoryOfNext());
  await collectGarbage();
  assert.equal(long?.deref(), undefined);
});
