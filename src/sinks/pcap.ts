import {
  ETHERNET,
  firstPackets,
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
import { countOf, difference, Tally, type Account } from '../pipeline/account.js';
import { PartlyWritten, ReaderLeft } from '../pipeline/contracts.js';
import { OutputClosed, WriteFailed, type ByteOutput } from '../files/byte-output.js';
import type { CaptureSink } from './capture-sink.js';

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
export class PcapSink implements CaptureSink {
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

  async begin(giveUp: AbortSignal, link: Partial<Link> = {}): Promise<void> {
    try {
      await this.#writeHeader({ ...DEFAULT_LINK, ...link }, giveUp);
    } catch (error) {
      // The output's watchdog ends the run.
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
    const { snapLength } = header;
    const fitting = withoutTooLong(batch, snapLength);
    const written =
      batch.link.precision === header.precision ? fitting : this.#converted(fitting, header);
    try {
      await this.#output.write(written.bytes, giveUp);
      this.#countOut(batch, fitting);
    } catch (error) {
      if (!(error instanceof OutputClosed || error instanceof WriteFailed)) throw error;
      const { handled, out } = packetsBefore(batch, snapLength, error.bytesWritten);
      const whole = firstPackets(fitting, out);
      this.#countOut(firstPackets(batch, handled), whole);
      await this.#output.takeBack?.(error.bytesWritten - whole.bytes.length);
      throw error instanceof WriteFailed
        ? new PartlyWritten(handled, error)
        : new ReaderLeft(handled);
    }
  }

  #converted(batch: PacketBatch, { precision }: Link): PacketBatch {
    const own = writable(batch);
    const rounded = convertPrecision(own.bytes, batch.link.precision, precision);
    // Nothing is lost where microseconds were asked for.
    if (this.#precision === undefined) this.#roundedTimes += rounded;
    return own;
  }

  /** @param fitting those of the handled packets that have gone out: the others were too long */
  #countOut(handled: PacketBatch, fitting: PacketBatch): void {
    this.#tally.pass(countOf(fitting));
    this.#tally.settle(TOO_LONG, difference(countOf(handled), countOf(fitting)));
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

/** The records that a file of this snapshot length may hold; a copy where some are longer. */
function withoutTooLong(batch: PacketBatch, snapLength: number): PacketBatch {
  const { bytes, link } = batch;
  if (link.snapLength <= snapLength) return batch;
  const fitting: Buffer[] = [];
  for (let at = 0, length; at < bytes.length; at += length) {
    length = recordLength(bytes, at);
    if (fits(length, snapLength)) fitting.push(bytes.subarray(at, at + length));
  }
  return fitting.length === batch.count
    ? batch
    : { ...batch, bytes: Buffer.concat(fitting), count: fitting.length };
}

function fits(recordBytes: number, snapLength: number): boolean {
  return recordBytes - RECORD_HEADER_BYTES <= snapLength;
}

/**
 * Where so many bytes of the fitting packets of a batch were written: how many of its packets come before the first one
 * that should have gone out and did not, and how many of those went out.
 */
function packetsBefore(
  { bytes }: PacketBatch,
  snapLength: number,
  bytesWritten: number,
): { handled: number; out: number } {
  let handled = 0;
  let out = 0;
  for (let at = 0, left = bytesWritten, length; at < bytes.length; at += length, handled++) {
    length = recordLength(bytes, at);
    if (!fits(length, snapLength)) continue;
    left -= length;
    if (left < 0) break;
    out++;
  }
  return { handled, out };
}
