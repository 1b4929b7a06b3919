import type { DataChunks } from './data-chunks.js';

/** How long the pieces of a message may be apart, by the packets' time. */
const PATIENCE_MICROSECONDS = 30_000_000;
const TSNS = 2 ** 32;
const NO_BYTES = Buffer.alloc(0);

export interface SctpLimits {
  /** Of a message; a longer one is dropped. */
  readonly messageBytes: number;
  /** Of all pieces that wait, and their number. */
  readonly heldBytes: number;
  readonly pieces: number;
}

/** Pieces of one message that have come, one behind the other. */
interface Run {
  readonly direction: number;
  /** Transmission sequence numbers of its first and its last piece. */
  first: number;
  last: number;
  begins: boolean;
  ends: boolean;
  readonly pieces: Buffer[];
  length: number;
  /** When its first piece came. */
  readonly since: number;
  /** The packets that count with it, and their captured bytes. */
  packets: number;
  bytes: number;
}

/**
 * Puts SCTP messages together whose pieces came in several chunks, in whatever order. Bounded in memory and number: the
 * oldest gives way. Packets count with the message that their pieces belong to: `packets` and `packetBytes` of one that is
 * whole, and those of what is dropped are in `takeDropped`.
 */
export class SctpMessages {
  /** The message that `add` has completed, and the packets that count with it. */
  message: Buffer = NO_BYTES;
  packets = 0;
  packetBytes = 0;

  readonly #limits: SctpLimits;
  /** The oldest first. */
  readonly #runs = new Set<Run>();
  /** By direction and number of the first and the last piece. */
  readonly #byFirst = new Map<number, Run>();
  readonly #byLast = new Map<number, Run>();
  #pieces = 0;
  #bytes = 0;
  /** The one that the last piece went into. */
  #latest: Run | undefined;
  #droppedPackets = 0;
  #droppedBytes = 0;

  constructor(limits: SctpLimits) {
    this.#limits = limits;
  }

  /** Pieces that wait. */
  get pieces(): number {
    return this.#pieces;
  }

  /** Takes a piece that has not come before; whether it completes its message. */
  add(chunk: DataChunks, direction: number, now: number): boolean {
    const { tsn, begins, ends } = chunk;
    const before = begins ? undefined : this.#byLast.get(keyOf(direction, (tsn - 1) >>> 0));
    const after = ends ? undefined : this.#byFirst.get(keyOf(direction, (tsn + 1) >>> 0));
    const left = before?.ends === false ? before : undefined;
    const right = after?.begins === false ? after : undefined;
    // Of its own memory: the chunk's is that of a batch.
    const piece = Buffer.allocUnsafeSlow(chunk.end - chunk.start);
    chunk.bytes.copy(piece, 0, chunk.start, chunk.end);
    const run: Run = left ?? {
      ...{ direction, first: tsn, last: tsn, begins, ends, pieces: [], length: 0 },
      ...{ since: now, packets: 0, bytes: 0 },
    };
    if (left) this.#byLast.delete(keyOf(direction, left.last));
    else this.#runs.add(run);
    run.pieces.push(piece);
    run.length += piece.length;
    run.last = tsn;
    run.ends = ends;
    this.#pieces++;
    this.#bytes += piece.length;
    if (right) this.#join(run, right);
    this.#byFirst.set(keyOf(direction, run.first), run);
    this.#byLast.set(keyOf(direction, run.last), run);
    this.#latest = run;
    if (run.begins && run.ends && run.length <= this.#limits.messageBytes) {
      this.#complete(run);
      return true;
    }
    if (chunk.isCut || run.length > this.#limits.messageBytes) this.#drop(run);
    this.#makeRoom();
    return false;
  }

  /** Counts packets with the message whose piece came last; false where that waits no longer. */
  countPackets(packets: number, bytes: number): boolean {
    const run = this.#latest;
    if (!run || !this.#runs.has(run)) return false;
    run.packets += packets;
    run.bytes += bytes;
    return true;
  }

  /** Drops what has waited for too long. @param now microseconds since 1970 */
  expire(now: number): void {
    for (const run of this.#runs) {
      // Time may also have gone backwards, as from one file to the next.
      if (Math.abs(now - run.since) <= PATIENCE_MICROSECONDS) return;
      this.#drop(run);
    }
  }

  /** No more pieces will come. */
  finish(): void {
    for (const run of this.#runs) this.#drop(run);
  }

  /** The packets of what was dropped since the last time. */
  takeDropped(): { readonly packets: number; readonly bytes: number } {
    const dropped = { packets: this.#droppedPackets, bytes: this.#droppedBytes };
    this.#droppedPackets = this.#droppedBytes = 0;
    return dropped;
  }

  /** Appends the pieces of one run to another, which ends before it. */
  #join(run: Run, right: Run): void {
    this.#byFirst.delete(keyOf(right.direction, right.first));
    this.#byLast.delete(keyOf(right.direction, right.last));
    this.#runs.delete(right);
    for (const piece of right.pieces) run.pieces.push(piece);
    run.length += right.length;
    run.last = right.last;
    run.ends = right.ends;
    run.packets += right.packets;
    run.bytes += right.bytes;
  }

  #complete(run: Run): void {
    this.message = Buffer.concat(run.pieces, run.length);
    this.packets = run.packets;
    this.packetBytes = run.bytes;
    this.#forget(run);
  }

  #drop(run: Run): void {
    this.#droppedPackets += run.packets;
    this.#droppedBytes += run.bytes;
    this.#forget(run);
  }

  #forget(run: Run): void {
    this.#byFirst.delete(keyOf(run.direction, run.first));
    this.#byLast.delete(keyOf(run.direction, run.last));
    this.#runs.delete(run);
    this.#pieces -= run.pieces.length;
    this.#bytes -= run.length;
  }

  #makeRoom(): void {
    for (const run of this.#runs) {
      if (this.#pieces <= this.#limits.pieces && this.#bytes <= this.#limits.heldBytes) return;
      this.#drop(run);
    }
  }
}

function keyOf(direction: number, tsn: number): number {
  return direction * TSNS + tsn;
}
