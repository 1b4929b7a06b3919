import { firstPackets, type Link, type PacketBatch } from '../packet/packet-batch.js';
import { recordLength } from '../packet/record.js';
import {
  encodeInterface,
  encodePackets,
  encodeSectionHeader,
  encodeStatistics,
  packetBlocksLength,
  packetsWithin,
  timestamp,
} from '../pcap/pcapng-writer.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import { ReaderLeft, type Sink } from '../pipeline/contracts.js';
import { OutputClosed, type ByteOutput } from '../files/byte-output.js';

/** Hosts and interfaces that are told apart; more than any fleet has, and no more than memory holds. */
const MAX_INTERFACES = 100_000;

interface Interface {
  readonly id: number;
  packets: number;
  start: Buffer;
  end: Buffer;
}

/** Writes packets as a pcapng stream, with an interface block for each link that they come from. */
export class PcapngSink implements Sink {
  readonly #output: ByteOutput;
  readonly #application: string;
  readonly #interfaces = new Map<string, Interface>();
  #begun = false;
  #blocks = Buffer.alloc(0);
  readonly #tally = new Tally();

  /** @param application who writes the file, as the file says it */
  constructor(output: ByteOutput, application: string) {
    this.#output = output;
    this.#application = application;
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (batch.count === 0) return;
    await this.#tally.during(countOf(batch), () => this.#writePackets(batch, giveUp));
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    await this.#begin(giveUp);
    const statistics = [...this.#interfaces.values()]
      .filter(({ packets }) => packets > 0)
      .map(({ id, ...rest }) => encodeStatistics({ interfaceId: id, ...rest }));
    if (statistics.length > 0) await this.#write(Buffer.concat(statistics), giveUp);
  }

  account(): Account {
    return this.#tally.account();
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  async #begin(giveUp: AbortSignal): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    await this.#write(encodeSectionHeader(this.#application), giveUp);
  }

  async #writePackets(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    await this.#begin(giveUp);
    const of = await this.#interfaceOf(batch.link, giveUp);
    const room = packetBlocksLength(batch);
    if (room > this.#blocks.length) this.#blocks = Buffer.allocUnsafe(room);
    const blocks = encodePackets(batch, of.id, this.#blocks);
    try {
      await this.#output.write(blocks, giveUp);
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error;
      const written = firstPackets(batch, packetsWithin(blocks, error.bytesWritten));
      this.#countOut(written, of);
      throw new ReaderLeft(written.count);
    }
    this.#countOut(batch, of);
  }

  async #interfaceOf(link: Link, giveUp: AbortSignal): Promise<Interface> {
    const key = JSON.stringify([link.linkType, link.precision, link.interface, link.host]);
    const known = this.#interfaces.get(key);
    if (known) return known;
    if (this.#interfaces.size >= MAX_INTERFACES && (link.interface ?? link.host) !== undefined)
      return this.#interfaceOf({ ...link, interface: undefined, host: undefined }, giveUp);
    await this.#write(encodeInterface(link), giveUp);
    const none = Buffer.alloc(8);
    const added = { id: this.#interfaces.size, packets: 0, start: none, end: none };
    this.#interfaces.set(key, added);
    return added;
  }

  async #write(bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    try {
      await this.#output.write(bytes, giveUp);
    } catch (error) {
      throw error instanceof OutputClosed ? new ReaderLeft() : error;
    }
  }

  #countOut(batch: PacketBatch, of: Interface): void {
    if (batch.count === 0) return;
    this.#tally.pass(countOf(batch));
    const { bytes, link } = batch;
    if (of.packets === 0) of.start = timestamp(bytes, 0, link.precision);
    of.packets += batch.count;
    let last = 0;
    for (let at = 0; at < bytes.length; at += recordLength(bytes, at)) last = at;
    of.end = timestamp(bytes, last, link.precision);
  }
}
