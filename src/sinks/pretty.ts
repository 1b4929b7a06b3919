import type { BatchProducer } from '../kafka/batch-producer.js';
import { positionAt, type PacketBatch } from '../packet/packet-batch.js';
import {
  CAPTURED_LENGTH_OFFSET,
  FRACTION_OFFSET,
  readUint32,
  recordLength,
} from '../packet/record.js';
import { formatLocal, microsecondsOf, type Microseconds } from '../packet/timestamp.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import { ReaderLeft, type Sink } from '../pipeline/contracts.js';
import { OutputClosed, type ByteOutput } from '../files/byte-output.js';

/** The packets of a topic as pycapa's lines, every so many packets one. */
export class PrettySink implements Sink {
  readonly #output: ByteOutput;
  readonly #topic: string;
  readonly #every: number;
  readonly #tally = new Tally();
  #out = 0;

  constructor(output: ByteOutput, topic: string, every: number) {
    this.#output = output;
    this.#topic = topic;
    this.#every = every;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    const lines: string[] = [];
    let at = 0;
    for (let i = 0; i < batch.count; i++) {
      const number = this.#out + i + 1;
      if (number % this.#every === 0) lines.push(this.#line(batch, i, at, number));
      at += recordLength(batch.bytes, at);
    }
    await this.#tally.during(countOf(batch), async () => {
      await writeLines(this.#output, lines, giveUp);
      this.#out += batch.count;
      this.#tally.pass(countOf(batch));
    });
  }

  async flush(): Promise<void> {
    // Each batch's lines were written with it.
  }

  account(): Account {
    return this.#tally.account();
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  #line({ bytes, link, origin }: PacketBatch, index: number, at: number, number: number): string {
    const fraction = readUint32(bytes, at + FRACTION_OFFSET);
    const fractionUs = link.precision === 'nano' ? Math.floor(fraction / 1000) : fraction;
    return `Packet[${number}]: ${details(this.#topic, {
      time: microsecondsOf(readUint32(bytes, at), fractionUs),
      ...(origin ? positionAt(origin, index) : { partition: -1, offset: -1 }),
      length: readUint32(bytes, at + CAPTURED_LENGTH_OFFSET),
    })}`;
  }
}

/** A producer that tells of its deliveries. */
type Deliveries = Pick<BatchProducer, 'onReports' | 'takeReports'>;

/** Sends packets to a topic and shows pycapa's lines about it, every so many packets one. */
export class PrettyTopicSink implements Sink {
  readonly #inner: Sink;
  readonly #producer: Deliveries;
  readonly #output: ByteOutput;
  readonly #topic: string;
  readonly #every: number;
  #received = 0;
  #lastWrite: Promise<void> = Promise.resolve();
  /** Ends the writing of lines that came by themselves. */
  readonly #late = new AbortController();
  #endsWith: AbortSignal | undefined;

  constructor(
    inner: Sink,
    options: { producer: Deliveries; output: ByteOutput; topic: string; every: number },
  ) {
    this.#inner = inner;
    this.#producer = options.producer;
    this.#producer.onReports(() => {
      // The output's watchdog notices a reader that has left.
      this.#showDelivered(this.#late.signal).catch(() => undefined);
    });
    this.#output = options.output;
    this.#topic = options.topic;
    this.#every = options.every;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    const lines: string[] = [];
    const until = this.#received + batch.count;
    const first = this.#received - (this.#received % this.#every) + this.#every;
    for (let number = first; number <= until; number += this.#every)
      lines.push(`Packet received[${number}]`);
    this.#received = until;
    this.#endWith(giveUp);
    await this.#inner.write(batch, giveUp);
    // A reader that has left does not see the lines; the packets were sent all the same.
    await this.#inTurn(() =>
      writeLines(this.#output, [...lines, ...this.#delivered()], giveUp, batch.count),
    );
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#endWith(giveUp);
    await this.#inner.flush(giveUp);
    await this.#showDelivered(giveUp);
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#inner.onFailure?.(listener);
  }

  account(): Account {
    return this.#inner.account();
  }

  async close(): Promise<void> {
    await this.#inner.close();
    await this.#output.close();
  }

  /** Lines that came by themselves hold up nothing once time is over. */
  #endWith(giveUp: AbortSignal): void {
    if (this.#endsWith === giveUp) return;
    this.#endsWith = giveUp;
    const end = () => {
      this.#late.abort();
    };
    if (giveUp.aborted) end();
    else giveUp.addEventListener('abort', end, { once: true });
  }

  async #showDelivered(giveUp: AbortSignal): Promise<void> {
    await this.#inTurn(() => writeLines(this.#output, this.#delivered(), giveUp));
  }

  /** Deliveries come at any time: their lines must not get into those that are just being written. */
  async #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#lastWrite.then(write);
    this.#lastWrite = written.catch(() => undefined);
    await written;
  }

  #delivered(): string[] {
    return this.#producer
      .takeReports()
      .map((report) => `Packet delivered[${report.number}]: ${details(this.#topic, report)}`);
  }
}

interface Details {
  readonly time: Microseconds;
  readonly partition: number;
  readonly offset: number;
  /** Captured length in bytes. */
  readonly length: number;
}

function details(topic: string, { time, partition, offset, length }: Details): string {
  return `date=${formatLocal(time)} topic=${topic} partition=${partition} offset=${offset} len=${length}`;
}

/** @param packetsOut packets that have gone out although their lines can't */
async function writeLines(
  output: ByteOutput,
  lines: readonly string[],
  giveUp: AbortSignal,
  packetsOut = 0,
): Promise<void> {
  if (lines.length === 0) return;
  try {
    await output.write(Buffer.from(`${lines.join('\n')}\n`), giveUp);
  } catch (error) {
    throw error instanceof OutputClosed ? new ReaderLeft(packetsOut) : error;
  }
}
