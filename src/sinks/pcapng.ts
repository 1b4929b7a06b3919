import {
  firstPackets,
  type Link,
  type PacketBatch,
  type Precision,
} from '../packet/packet-batch.js';
import { FRACTION_OFFSET, readUint32, recordLength } from '../packet/record.js';
import {
  encodeInterface,
  encodePackets,
  encodeSectionHeader,
  encodeStatistics,
  packetBlocksLength,
  packetsWithin,
} from '../pcap/pcapng-writer.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import { PartlyWritten, ReaderLeft } from '../pipeline/contracts.js';
import { OutputClosed, WriteFailed, type ByteOutput } from '../files/byte-output.js';
import type { CaptureSink } from './capture-sink.js';

/**
 * Bounds of what anybody who may write to a topic can make of it: interfaces that are told apart by their names, more
 * than any fleet has, and characters of these names. Packets of further ones share interfaces without a name.
 */
const MAX_NAMED = 10_000;
const MAX_NAME_CHARACTERS = 1024 * 1024;
/** Interfaces whose statistics are written at once. */
const STATISTICS_AT_ONCE = 1000;

interface Interface {
  readonly id: number;
  readonly precision: Precision;
  packets: number;
  readonly start: { seconds: number; fraction: number };
  readonly end: { seconds: number; fraction: number };
}

/** Writes packets as a pcapng stream, with an interface block for each link that they come from. */
export class PcapngSink implements CaptureSink {
  readonly #output: ByteOutput;
  readonly #application: string;
  readonly #interfaces = new Map<string, Interface>();
  #named = 0;
  #nameCharacters = 0;
  #begun = false;
  #blocks = Buffer.alloc(0);
  readonly #tally = new Tally();
  #lostNames = 0;

  /** @param application who writes the file, as the file says it */
  constructor(output: ByteOutput, application: string) {
    this.#output = output;
    this.#application = application;
  }

  async begin(giveUp: AbortSignal): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    await this.#write(encodeSectionHeader(this.#application), giveUp);
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (batch.count === 0) return;
    await this.#tally.during(countOf(batch), () => this.#writePackets(batch, giveUp));
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await this.begin(giveUp);
    let statistics: Buffer[] = [];
    for (const { id, packets, ...rest } of this.#interfaces.values()) {
      if (packets > 0) statistics.push(encodeStatistics({ interfaceId: id, packets, ...rest }));
      if (statistics.length < STATISTICS_AT_ONCE) continue;
      await this.#write(Buffer.concat(statistics), giveUp);
      statistics = [];
    }
    if (statistics.length > 0) await this.#write(Buffer.concat(statistics), giveUp);
  }

  account(): Account {
    return this.#tally.account({ lost_names: this.#lostNames });
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  async #writePackets(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    await this.begin(giveUp);
    const link = this.#toldApart(batch.link);
    const of = await this.#interfaceOf(link, giveUp);
    const namesLost = link !== batch.link;
    const room = packetBlocksLength(batch);
    if (room > this.#blocks.length) this.#blocks = Buffer.allocUnsafe(room);
    const blocks = encodePackets(batch, of.id, this.#blocks);
    try {
      await this.#output.write(blocks, giveUp);
    } catch (error) {
      if (!(error instanceof OutputClosed || error instanceof WriteFailed)) throw error;
      const whole = packetsWithin(blocks, error.bytesWritten);
      const written = firstPackets(batch, whole.count);
      this.#countOut(written, of, namesLost);
      await this.#output.takeBack?.(error.bytesWritten - whole.byteLength);
      throw error instanceof WriteFailed
        ? new PartlyWritten(written.count, error)
        : new ReaderLeft(written.count);
    }
    this.#countOut(batch, of, namesLost);
  }

  /** The link as the file tells it from others: without its names where there are too many of these. */
  #toldApart(link: Link): Link {
    const { interface: name = '', host = '' } = link;
    if (name === '' && host === '') return link;
    if (this.#interfaces.has(keyOf(link))) return link;
    const hasRoom =
      this.#named < MAX_NAMED &&
      this.#nameCharacters + name.length + host.length <= MAX_NAME_CHARACTERS;
    return hasRoom ? link : { ...link, interface: undefined, host: undefined };
  }

  async #interfaceOf(link: Link, giveUp: AbortSignal): Promise<Interface> {
    const key = keyOf(link);
    const known = this.#interfaces.get(key);
    if (known) return known;
    await this.#write(encodeInterface(link), giveUp);
    const { precision, interface: name = '', host = '' } = link;
    const added: Interface = {
      ...{ id: this.#interfaces.size, precision, packets: 0 },
      ...{ start: { seconds: 0, fraction: 0 }, end: { seconds: 0, fraction: 0 } },
    };
    this.#interfaces.set(key, added);
    if (name !== '' || host !== '') this.#named++;
    this.#nameCharacters += name.length + host.length;
    return added;
  }

  async #write(bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    try {
      await this.#output.write(bytes, giveUp);
    } catch (error) {
      throw error instanceof OutputClosed ? new ReaderLeft() : error;
    }
  }

  #countOut(batch: PacketBatch, of: Interface, namesLost: boolean): void {
    if (batch.count === 0) return;
    this.#tally.pass(countOf(batch));
    if (namesLost) this.#lostNames += batch.count;
    const { bytes } = batch;
    if (of.packets === 0) readTime(bytes, 0, of.start);
    of.packets += batch.count;
    let last = 0;
    for (let at = 0; at < bytes.length; at += recordLength(bytes, at)) last = at;
    readTime(bytes, last, of.end);
  }
}

function keyOf({ linkType, precision, interface: name, host }: Link): string {
  return JSON.stringify([linkType, precision, name, host]);
}

function readTime(bytes: Buffer, at: number, into: Interface['start']): void {
  into.seconds = readUint32(bytes, at);
  into.fraction = readUint32(bytes, at + FRACTION_OFFSET);
}
