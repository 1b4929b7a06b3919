import {
  ETHERNET,
  firstPackets,
  frameBytes,
  MAX_SNAP_LENGTH,
  maxSnapLength,
  type Link,
  type PacketBatch,
  type Precision,
} from '../packet/packet-batch.js';
import { RECORD_HEADER_BYTES, recordLength } from '../packet/record.js';
import { encodeFileHeader } from '../pcap/file-header.js';
import { convertPrecision } from '../pcap/precision.js';
import { PartlyWritten, ReaderLeft, type Sink, type SinkCounters } from '../pipeline/contracts.js';
import { OutputClosed, WriteFailed, type ByteOutput } from '../files/byte-output.js';

const DEFAULT_LINK: Link = { linkType: ETHERNET, precision: 'micro', snapLength: MAX_SNAP_LENGTH };

/** Writes packets as a classic pcap stream. Its first packet decides link type and precision, if nothing else does. */
export class PcapSink implements Sink {
  readonly #output: ByteOutput;
  readonly #precision: Precision | undefined;
  #header: Link | undefined;
  #out = 0;
  #bytesOut = 0;
  #otherLinkType = 0;
  #tooLong = 0;
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
    const header = this.#header ?? (await this.#writeHeader(batch.link, giveUp));
    if (batch.link.linkType !== header.linkType) {
      this.#otherLinkType += batch.count;
      return;
    }
    const { snapLength } = header;
    const fitting = withoutTooLong(batch, snapLength);
    const rounded = convertPrecision(fitting.bytes, batch.link.precision, header.precision);
    // Whoever asked for microseconds has lost nothing.
    if (this.#precision === undefined) this.#roundedTimes += rounded;
    try {
      await this.#output.write(fitting.bytes, giveUp);
      this.#countOut(fitting);
      this.#tooLong += batch.count - fitting.count;
    } catch (error) {
      if (!(error instanceof OutputClosed || error instanceof WriteFailed)) throw error;
      const { handled, out } = packetsBefore(batch, snapLength, error.bytesWritten);
      this.#countOut(firstPackets(fitting, out));
      this.#tooLong += handled - out;
      throw error instanceof WriteFailed
        ? new PartlyWritten(handled, error)
        : new ReaderLeft(handled);
    }
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    if (!this.#header) await this.#writeHeader(DEFAULT_LINK, giveUp);
  }

  counters(): SinkCounters {
    return {
      out: this.#out,
      bytesOut: this.#bytesOut,
      failed: {},
      unusable: {
        "another link type than the file's: -F pcapng holds both": this.#otherLinkType,
        'longer than a pcap file can hold: -F pcapng can': this.#tooLong,
      },
      roundedTimes: this.#roundedTimes,
    };
  }

  async close(): Promise<void> {
    await this.#output.close();
  }

  #countOut(batch: PacketBatch): void {
    this.#out += batch.count;
    this.#bytesOut += frameBytes(batch);
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
