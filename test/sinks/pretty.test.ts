import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { type ByteOutput, openFile, OutputClosed } from '#kcap/files/byte-output.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { PrettySink, PrettyTopicSink } from '#kcap/sinks/pretty.js';
import { TopicSink } from '#kcap/sinks/topic.js';

import { AT_ONCE, InMemoryKafka, readPackets } from '../kafka/in-memory.js';
import { batchOf, numbered, originOf } from '../packet/packets.js';
import { HandWrittenSource } from '../pipeline/hand-written.js';
import { testsOfSink } from '../pipeline/sink-contract.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { KeptOutput } from '#support/files/kept-output.js';
import { packetRun } from '../pipeline/ends.js';
import { endsOf } from '../pipeline/ends.js';

// Lines have local time.
process.env['TZ'] = 'UTC';

const NEVER = new AbortController().signal;
/** Of the packets that `numbered` makes: they begin at 2023-11-14 22:13:20, one a second. */
const dateOf = (number: number) => {
  const [day, time] = new Date((1_700_000_000 + number) * 1000).toISOString().split(/[T.]/);
  return `${day ?? ''} ${time ?? ''}.${String(number).padStart(6, '0')}`;
};

testsOfSink("a topic's packets as lines", {
  make: async (t) => {
    const file = path.join(await tempFolder(t), 'lines');
    const sink = new PrettySink(await openFile(file, NEVER), 'pcap', 1);
    t.after(() => sink.close());
    return { sink, out: async () => (await readFile(file, 'utf8')).split('\n').slice(0, -1) };
  },
  seen: ({ frame }, index) =>
    `Packet[${index + 1}]: date=${dateOf(index)} topic=pcap partition=0 offset=${index} len=${frame.length}`,
});

testsOfSink('a topic that takes packets and shows lines', {
  make: async (t) => {
    const kafka = new InMemoryKafka(t);
    const file = path.join(await tempFolder(t), 'lines');
    const sink = prettyTopicSink(kafka, { every: 10, output: await openFile(file, NEVER) });
    t.after(() => sink.close());
    return { sink, out: () => readPackets(kafka.consumer({ end: endsOf(sink).out })) };
  },
  seen: (packet) => packet,
});

describe('the lines of a reader', () => {
  test('are one for every so many packets, over batches', async () => {
    const output = new KeptOutput();
    const sink = new PrettySink(output, 'pcap', 3);
    for (let first = 0; first < 8; first += 2) {
      const origin = originOf([
        [first, 100 + first],
        [first + 1, 100],
      ]);
      await sink.write(batchOf(numbered(2, { first }), { origin }), NEVER);
    }
    assert.deepEqual(output.lines, [
      'Packet[3]: date=2023-11-14 22:13:22.000002 topic=pcap partition=2 offset=102 len=62',
      'Packet[6]: date=2023-11-14 22:13:25.000005 topic=pcap partition=5 offset=100 len=62',
    ]);
    assert.equal(endsOf(sink).out, 8);
  });

  test('have microseconds also where a packet has nanoseconds', async () => {
    const output = new KeptOutput();
    const [packet] = numbered(1);
    const batch = batchOf(
      [{ ...packet, seconds: 0, fraction: 123_456_789, frame: Buffer.alloc(0) }],
      {
        precision: 'nano',
        origin: originOf([[7, 8]]),
      },
    );
    await new PrettySink(output, 'pcap', 1).write(batch, NEVER);
    assert.deepEqual(output.lines, [
      'Packet[1]: date=1970-01-01 00:00:00.123456 topic=pcap partition=7 offset=8 len=0',
    ]);
  });

  test('are not written where a batch has none', async () => {
    const output = new KeptOutput();
    await new PrettySink(output, 'pcap', 100).write(batchOf(numbered(99)), NEVER);
    assert.equal(output.writes, 0);
  });

  test('end with their reader', async () => {
    const sink = new PrettySink(new KeptOutput({ room: 10 }), 'pcap', 1);
    await assert.rejects(
      sink.write(batchOf(numbered(2)), NEVER),
      (error) => error instanceof ReaderLeft,
    );
    assert.equal(endsOf(sink).out, 0);
  });
});

describe('the lines of a sender', () => {
  test('say what was received and what was delivered', async (t) => {
    const output = new KeptOutput();
    const sink = prettyTopicSink(new InMemoryKafka(t), { every: 2, output });
    await sink.write(batchOf(numbered(3)), NEVER);
    await sink.write(batchOf(numbered(2, { first: 3 })), NEVER);
    await sink.flush(NEVER);
    await allDelivered(output, 2);
    const received = ['Packet received[2]', 'Packet received[4]'];
    const delivered = [
      'Packet delivered[2]: date=2023-11-14 22:13:21.000001 topic=pcap partition=0 offset=1 len=61',
      'Packet delivered[4]: date=2023-11-14 22:13:23.000003 topic=pcap partition=0 offset=3 len=60',
    ];
    assert.deepEqual(
      output.lines.filter((line) => line.startsWith('Packet received')),
      received,
    );
    assert.deepEqual(
      output.lines.filter((line) => line.startsWith('Packet delivered')),
      delivered,
    );
    assert.equal(output.lines.length, 4);
  });

  test('come when a delivery comes, also while nothing is sent', async (t) => {
    const output = new KeptOutput();
    const sink = prettyTopicSink(new InMemoryKafka(t), { every: 1, output });
    await sink.write(batchOf(numbered(1)), NEVER);
    await allDelivered(output, 1);
  });

  test('may be read by nobody: the packets are sent, and the account of the run adds up', async (t) => {
    const kafka = new InMemoryKafka(t);
    const sink = prettyTopicSink(kafka, { every: 1, output: new KeptOutput({ room: 0 }) });
    const source = new HandWrittenSource([], [batchOf(numbered(5)), batchOf(numbered(5))]);
    const run = packetRun(source, [], sink);
    await run.run(new Stop(0));
    const { in: taken, out, outcomes } = run.account();
    assert.deepEqual([taken.packets, taken, outcomes.size], [5, out, 0]);
    assert.deepEqual(await readPackets(kafka.consumer({ end: 5 })), numbered(5));
  });

  // The first line is about what was received, the second one, which comes by itself, about what was delivered.
  const stalls: [what: string, linesTaken: number, batches: number][] = [
    ['a write', 0, 1],
    ['a write after lines that came by themselves', 1, 2],
    ['a flush after lines that came by themselves', 1, 1],
  ];
  for (const [what, linesTaken, batches] of stalls) {
    test(`do not hold up ${what}, where their reader stalls and time is over`, async (t) => {
      const output = new StalledOutput(linesTaken);
      // Delivered some time after the write, so that its line comes by itself.
      const properties = { 'linger.ms': '50' };
      const sink = prettyTopicSink(new InMemoryKafka(t), { every: 1, output, properties });
      const giveUp = new AbortController();
      const write = () => sink.write(batchOf(numbered(1)), giveUp.signal).catch(() => undefined);
      let writing = write();
      await waitFor(() => output.writes > linesTaken, { limitMs: 5000, what: 'a line to stall' });
      if (batches > 1) writing = write();
      giveUp.abort();
      const ended = writing
        .then(() => sink.flush(giveUp.signal))
        .catch(() => undefined)
        .then(() => 'ended');
      assert.equal(await Promise.race([ended, inVainAfter(2000)]), 'ended');
    });
  }

  test('close their output and the producer', async (t) => {
    const output = new KeptOutput();
    const sink = prettyTopicSink(new InMemoryKafka(t), { every: 1, output });
    await sink.close();
    assert.equal(output.closed, 1);
    await assert.rejects(sink.write(batchOf(numbered(1)), NEVER), /producer is closed/);
  });
});

function prettyTopicSink(
  kafka: InMemoryKafka,
  options: {
    readonly every: number;
    readonly output: ByteOutput;
    readonly properties?: Readonly<Record<string, string>>;
  },
): PrettyTopicSink {
  const { every, output } = options;
  const properties = { ...AT_ONCE, ...options.properties };
  const producer = kafka.producer({ properties, reportEvery: every });
  const inner = new TopicSink(producer);
  return new PrettyTopicSink(inner, { producer, output, topic: 'pcap', every });
}

async function allDelivered(output: KeptOutput, count: number): Promise<void> {
  await waitFor(() => output.lines.filter((line) => line.includes('delivered')).length === count, {
    limitMs: 5000,
    what: 'the lines about deliveries',
  });
}

async function inVainAfter(limitMs: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, limitMs).unref());
  return `nothing within ${limitMs} ms`;
}

/** Takes some writes and stalls at the next one. When somebody gives that one up, it is closed for all. */
class StalledOutput implements ByteOutput {
  writes = 0;
  readonly #taken: number;
  #closed = false;

  constructor(taken: number) {
    this.#taken = taken;
  }

  async write(_bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    if (++this.writes <= this.#taken) return;
    if (!this.#closed && !giveUp.aborted) await once(giveUp, 'abort');
    this.#closed = true;
    throw new OutputClosed(0);
  }

  onReaderLeft(): void {
    // He never does.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
