import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { underWay } from '#kcap/pipeline/account.js';
import { ReaderLeft, type Sink } from '#kcap/pipeline/contracts.js';
import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipMessage } from '#kcap/protocols/sip/sip-message.js';

import { batchOf, numbered, originOf } from '../packet/packets.js';
import { passageOf } from '../protocols/passages.js';
import type { PcapPacket } from '../support/pcap-file.js';
import { sipRequest } from '../support/sip-packets.js';
import { endsOf } from './ends.js';

export interface SinkUnderTest<Batch = PacketBatch> {
  readonly sink: Sink<Batch>;
  /** What has come out of the sink, which has been flushed: one entry a packet or message. */
  readonly out: () => Promise<readonly unknown[]>;
}

/** Makes a sink, and says what a packet looks like that has come out of it. */
interface SinkFactory {
  readonly make: (t: TestContext) => Promise<SinkUnderTest>;
  readonly seen: (packet: Required<PcapPacket>, index: number) => unknown;
}

/** What sinks of one kind take: packets, or messages in them. */
interface Intake<Batch> {
  /** Numbered ones, which come from a topic if they are packets. */
  readonly batch: (first: number, count: number) => Batch;
  /** Puts other bytes into the batch's memory. */
  readonly overwrite: (batch: Batch) => void;
  /** What a closed sink does with more of them. */
  readonly whenClosed: 'rejects' | 'counts';
  /** How many a large batch has. */
  readonly many: number;
}

interface Contract<Batch> {
  readonly make: (t: TestContext) => Promise<SinkUnderTest<Batch>>;
  /** The first so many, as they come out, and their bytes as they are counted. */
  readonly seen: (count: number) => readonly unknown[];
  readonly bytes: (count: number) => number;
}

const NEVER = new AbortController().signal;

const PACKETS: Intake<PacketBatch> = {
  batch: topicBatch,
  overwrite: (batch) => {
    batch.bytes.fill(0xff);
    batch.origin?.positions.fill(0xff);
  },
  whenClosed: 'rejects',
  many: 500,
};

const MESSAGES: Intake<MessageBatch> = {
  batch: numberedMessages,
  overwrite: (batch) => {
    const { count } = batch;
    batch.clear();
    fillWithMessages(
      batch,
      Array.from({ length: count }, () => 'overwritten'),
    );
  },
  // It has ended alone, and the run with its other reporters goes on.
  whenClosed: 'counts',
  // As datagrams they wait in a small buffer.
  many: 60,
};

/** What src/pipeline/contracts.ts promises of every sink of packets. */
export function testsOfSink(name: string, { make, seen }: SinkFactory): void {
  testsOf(`${name}, as a sink`, PACKETS, {
    make,
    seen: (count) => numbered(count).map(seen),
    bytes: (count) => numbered(count).reduce((sum, { frame }) => sum + frame.length, 0),
  });
}

/**
 * The same of every reporter of messages.
 *
 * @param seen the messages `numberedMessages` gives as they come out, one entry each
 */
export function testsOfReporter(name: string, contract: Contract<MessageBatch>): void {
  testsOf(`${name}, as a reporter`, MESSAGES, contract);
}

/** BYE after BYE, each with its number as the Call-ID. */
export function numberedMessages(first: number, count: number): MessageBatch {
  const batch = new MessageBatch();
  fillWithMessages(
    batch,
    Array.from({ length: count }, (_, index) => String(first + index)),
  );
  return batch;
}

function fillWithMessages(batch: MessageBatch, callIds: readonly string[]): void {
  const message = new SipMessage();
  for (const callId of callIds) {
    const bytes = sipRequest('BYE', callId);
    message.readDatagram(bytes, 0, bytes.length);
    batch.append(message, passageOf('192.0.2.1', '192.0.2.2'));
  }
}

function testsOf<Batch>(name: string, intake: Intake<Batch>, contract: Contract<Batch>): void {
  const { make, seen, bytes } = contract;
  const write = (sink: Sink<Batch>, first: number, count: number) =>
    sink.write(intake.batch(first, count), NEVER);
  const assertCounted = (sink: Sink<Batch>, count: number) => {
    assert.deepEqual(endsOf(sink), { out: count, bytesOut: bytes(count), ended: {} });
    const { in: taken, out } = sink.account();
    assert.deepEqual(taken, out);
  };
  describe(name, () => {
    test('lets out everything, in order', async (t) => {
      const { sink, out } = await make(t);
      await write(sink, 0, 3);
      await write(sink, 3, intake.many);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), seen(3 + intake.many));
    });

    test('is done with the memory of a batch once it is written', async (t) => {
      const { sink, out } = await make(t);
      for (let first = 0; first < intake.many; first += intake.many / 5) {
        const batch = intake.batch(first, intake.many / 5);
        await sink.write(batch, NEVER);
        intake.overwrite(batch);
      }
      await sink.flush(NEVER);
      assert.deepEqual(await out(), seen(intake.many));
    });

    test('counts what went out, and its bytes', async (t) => {
      const { sink } = await make(t);
      assertCounted(sink, 0);
      await write(sink, 0, 7);
      await write(sink, 7, 2);
      await sink.flush(NEVER);
      assertCounted(sink, 9);
      await sink.close();
      assertCounted(sink, 9);
    });

    test('is not troubled by an empty batch', async (t) => {
      const { sink, out } = await make(t);
      await write(sink, 0, 0);
      await write(sink, 0, 2);
      await write(sink, 2, 0);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), seen(2));
      assertCounted(sink, 2);
    });

    test('can be flushed with nothing in it, and twice', async (t) => {
      const { sink, out } = await make(t);
      await sink.flush(NEVER);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), []);
      assertCounted(sink, 0);
    });

    test('can be flushed between batches', async (t) => {
      const { sink, out } = await make(t);
      await write(sink, 0, 2);
      await sink.flush(NEVER);
      await write(sink, 2, 2);
      await sink.flush(NEVER);
      assert.deepEqual(await out(), seen(4));
    });

    test('comes to an end when it is given up, with everything counted', async (t) => {
      const { sink } = await make(t);
      const gaveUp = AbortSignal.abort();
      let left = 0;
      try {
        await sink.write(intake.batch(0, 5), gaveUp);
        await sink.flush(gaveUp);
      } catch (error) {
        assert.ok(error instanceof ReaderLeft, String(error));
        left = 5 - error.packetsHandled;
      }
      assert.equal(sink.account().in.packets + left, 5);
      assert.equal(underWay(sink.account()).packets, 0);
    });

    test('can be closed twice', async (t) => {
      const { sink } = await make(t);
      await write(sink, 0, 2);
      await sink.flush(NEVER);
      await sink.close();
      await sink.close();
    });

    test('can be closed unused', async (t) => {
      const { sink } = await make(t);
      await sink.close();
      assertCounted(sink, 0);
    });

    test('takes nothing once it is closed', async (t) => {
      const { sink } = await make(t);
      await write(sink, 0, 2);
      await sink.flush(NEVER);
      await sink.close();
      if (intake.whenClosed === 'rejects') {
        await assert.rejects(write(sink, 2, 2));
        assertCounted(sink, 2);
        return;
      }
      await write(sink, 2, 2);
      await sink.flush(NEVER);
      const { in: taken, out } = sink.account();
      assert.deepEqual([taken.packets, out.packets], [4, 2]);
      assert.equal(underWay(sink.account()).packets, 0);
    });
  });
}

/** Packets as they come from a topic: of one partition, each at the offset of its number. */
function topicBatch(first: number, count: number): ReturnType<typeof batchOf> {
  const positions = Array.from({ length: count }, (_, index) => [0, first + index] as const);
  const origin = originOf(positions, [{ partition: 0, offset: first + count }]);
  return batchOf(numbered(count, { first }), { origin });
}
