import { WideCounter } from '../capture/wide-counter.js';
import type { Cause } from '../errors/cause.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import {
  CAPTURED_LENGTH_OFFSET,
  FRACTION_OFFSET,
  ORIGINAL_LENGTH_OFFSET,
  readUint32,
  RECORD_HEADER_BYTES,
  recordLength,
  writeUint32,
} from '../packet/record.js';
import { countOf, Tally, withEnded, type Account } from '../pipeline/account.js';
import type { Source } from '../pipeline/contracts.js';
import { withRoom } from '../protocols/with-room.js';
import type { CarriedFrames } from './carried-frames.js';

const UNUSABLE: Cause = {
  id: 'unusable-datagram',
  fate: 'skipped',
  loss: false,
  text: 'no such datagram as is listened for, or a damaged one',
};

const ABANDONED: Cause = {
  id: 'left-in-kernel-buffer',
  fate: 'failed',
  loss: true,
  text: "left in the kernel's buffer at the drain timeout",
};

/** Frames are written to memory of at least this size. */
const LEAST_BYTES = 64 * 1024;
const LONGEST_FRAME = 0xffff;

/** Datagrams that come in, a record each. */
export interface Datagrams {
  readonly name: string;
  next(): Promise<PacketBatch | null>;
  stop(): void;
  abandon(): void;
  counters(): {
    readonly droppedKernel: number;
    readonly abandoned: number;
    readonly abandonedBytes: number;
  };
  close(): Promise<void>;
}

/** The packets that others have captured and send here, one in each datagram. */
export class ListenerSource implements Source {
  readonly name: string;
  readonly #datagrams: Datagrams;
  readonly #frames: CarriedFrames;
  readonly #tally = new Tally();
  readonly #dropped = new WideCounter();
  /** The batch that is written, and that was given: its memory is used again. */
  #bytes: Buffer = Buffer.allocUnsafeSlow(LEAST_BYTES);
  #length = 0;
  #count = 0;

  constructor(datagrams: Datagrams, frames: CarriedFrames) {
    this.name = datagrams.name;
    this.#datagrams = datagrams;
    this.#frames = frames;
  }

  async *batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch> {
    onAbort(stop, () => {
      this.#datagrams.stop();
    });
    if (giveUp)
      onAbort(giveUp, () => {
        this.#datagrams.abandon();
      });
    for (let batch; (batch = await this.#datagrams.next()) !== null;)
      for (const packets of this.#carriedBy(batch)) {
        this.#tally.give(countOf(packets));
        yield packets;
      }
  }

  account(): Account {
    const { droppedKernel, abandoned, abandonedBytes } = this.#datagrams.counters();
    const beside = { dropped_kernel: this.#dropped.at(droppedKernel) };
    return withEnded(this.#tally.account(beside), [
      { cause: ABANDONED, packets: abandoned, bytes: abandonedBytes },
    ]);
  }

  async close(): Promise<void> {
    await this.#datagrams.close();
  }

  /** A batch for each run of frames of one link type. */
  *#carriedBy({ bytes }: PacketBatch): Iterable<PacketBatch> {
    const frames = this.#frames;
    let linkType: number | undefined;
    let unusable = 0;
    let unusableBytes = 0;
    for (let at = 0; at < bytes.length; at += recordLength(bytes, at)) {
      const start = at + RECORD_HEADER_BYTES;
      const end = at + recordLength(bytes, at);
      const found = frames.read(bytes, start, end);
      if (found === undefined) {
        unusable++;
        unusableBytes += end - start;
        continue;
      }
      if (linkType !== undefined && found !== linkType) yield this.#take(linkType);
      linkType = found;
      this.#append(bytes, at);
    }
    const count = { packets: unusable, bytes: unusableBytes };
    this.#tally.take(count);
    this.#tally.settle(UNUSABLE, count);
    if (linkType !== undefined) yield this.#take(linkType);
  }

  /** Writes the frame that was just read. @param at of the datagram's record */
  #append(datagrams: Buffer, at: number): void {
    const { length, time } = this.#frames;
    const to = this.#length;
    this.#bytes = withRoom(this.#bytes, this.#length, RECORD_HEADER_BYTES + length);
    const bytes = this.#bytes;
    const fraction = readUint32(datagrams, at + FRACTION_OFFSET);
    writeUint32(bytes, time ? time.seconds : readUint32(datagrams, at), to);
    writeUint32(bytes, time ? time.microseconds % 1_000_000 : fraction, to + FRACTION_OFFSET);
    writeUint32(bytes, length, to + CAPTURED_LENGTH_OFFSET);
    writeUint32(bytes, length, to + ORIGINAL_LENGTH_OFFSET);
    this.#frames.write(bytes, to + RECORD_HEADER_BYTES);
    this.#length = to + RECORD_HEADER_BYTES + length;
    this.#count++;
  }

  /** What was written since the last time. */
  #take(linkType: number): PacketBatch {
    const batch: PacketBatch = {
      bytes: this.#bytes.subarray(0, this.#length),
      count: this.#count,
      link: { linkType, precision: 'micro', snapLength: LONGEST_FRAME },
    };
    this.#length = 0;
    this.#count = 0;
    return batch;
  }
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
