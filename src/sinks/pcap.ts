import {
  ETHERNET,
  firstPackets,
  frameBytes,
  MAX_SNAP_LENGTH,
  maxSnapLength,
  writable,
  type Link,
  type PacketBatch,
  type Precision,
} from '../packet/packet-batch.js';
import { RECORD_HEADER_BYTES, recordLength } from '../packet/record.js';
import { encodeFileHeader } from '../pcap/file-header.js';
import { convertPrecision } from '../pcap/precision.js';
import type { Cause } from '../errors/cause.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import { ReaderLeft, type Sink } from '../pipeline/contracts.js';
import { OutputClosed, type ByteOutput } from '../files/byte-output.js';

const DEFAULT_LINK: Link = { linkType: ETHERNET, precision: 'micro', snapLength: MAX_SNAP_LENGTH };

const OTHER_LINK_TYPE: Cause = {
  id: 'other-link-type',
  fate: 'skipped',
  loss: true,
  text: "another link type than the file's: -F pcapng holds both",
};
const TOO_LONG: Cause = {
  id: 'too-long-for-pcap',
  fate: 'skipped',
  loss: true,
  text: 'longer than a pcap file can hold: -F pcapng can',
};

/** Writes packets as a classic pcap stream. Its first packet decides link type and precision, if nothing else does. */
export class PcapSink implements Sink {
  readonly #output: ByteOutput;
  readonly #precision: Precision | undefined;
  #header: Link | undefined;
  readonly #tally = new Tally();
  #roundedTimes = 0;

  /** @param precision of the file's times, whatever the packets have; undefined: as the first packet */
  constructor(output: ByteOutput, precision?: Precision) {
    this.#output = output;
    this.#precision = precision;
  }

  /** Writes the file's header now: whoever reads it need not wait for the first packet. */
  async begin(linkType: number, giveUp: AbortSignal): Promise<void> {
    try {
      await this.#writeHeader({ ...DEFAULT_LINK, linkType }, giveUp);
    } catch (error) {
      // Whoever watches the output ends the run.
      if (!(error instanceof ReaderLeft)) throw error;
    }
  }

  async write(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    if (batch.count === 0) return;
    await this.#tally.during(countOf(batch), () => this.#writePackets(batch, giveUp));
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    if (!this.#header) await this.#writeHeader(DEFAULT_LINK, giveUp);
  }

  account(): Account {
    return this.#tally.account({ rounded_times: this.#roundedTimes });
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  async #writePackets(batch: PacketBatch, giveUp: AbortSignal): Promise<void> {
    const header = this.#header ?? (await this.#writeHeader(batch.link, giveUp));
    if (batch.link.linkType !== header.linkType) {
      this.#tally.settle(OTHER_LINK_TYPE, countOf(batch));
      return;
    }
    const needsChange =
      batch.link.snapLength > header.snapLength || batch.link.precision !== header.precision;
    const own = needsChange ? writable(batch) : batch;
    const all = countOf(own);
    const fitting = withoutTooLong(own, header.snapLength);
    const rounded = convertPrecision(fitting.bytes, batch.link.precision, header.precision);
    // Whoever asked for microseconds has lost nothing.
    if (this.#precision === undefined) this.#roundedTimes += rounded;
    try {
      await this.#output.write(fitting.bytes, giveUp);
      this.#tally.pass(countOf(fitting));
      this.#tally.settle(TOO_LONG, {
        packets: all.packets - fitting.count,
        bytes: all.bytes - frameBytes(fitting),
      });
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error;
      const written = wholePackets(fitting, error.bytesWritten);
      this.#tally.pass(countOf(written));
      throw new ReaderLeft(written.count);
    }
  }

  async #writeHeader(link: Link, giveUp: AbortSignal): Promise<Link> {
    // tcpdump and older tshark refuse records longer than the header's snapshot length, whatever -s was.
    const precision = this.#precision ?? link.precision;
    const header = { ...link, precision, snapLength: maxSnapLength(link.linkType) };
    this.#header = header;
    try {
      await this.#output.write(encodeFileHeader(header), giveUp);
    } catch (error) {
      throw error instanceof OutputClosed ? new ReaderLeft() : error;
    }
    return header;
  }
}

/** Moves the records that a file of this snapshot length may hold to the front, where some are longer. */
function withoutTooLong(batch: PacketBatch, snapLength: number): PacketBatch {
  const { bytes, link } = batch;
  if (link.snapLength <= snapLength) return batch;
  let end = 0;
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    const length = recordLength(bytes, at);
    if (length - RECORD_HEADER_BYTES <= snapLength) {
      bytes.copyWithin(end, at, at + length);
      end += length;
      count++;
    }
    at += length;
  }
  return { ...batch, bytes: bytes.subarray(0, end), count };
}

/** The packets that lie wholly within the first bytes of a batch. */
function wholePackets(batch: PacketBatch, byteLength: number): PacketBatch {
  let count = 0;
  for (let at = 0; at < byteLength; count++) {
    at += recordLength(batch.bytes, at);
    if (at > byteLength) break;
  }
  return firstPackets(batch, count);
}
