import type { Cause } from '../errors/cause.js';
import type { Origin, PacketBatch } from '../packet/packet-batch.js';
import type { Reach } from '../packet/reach.js';
import type { Account } from './account.js';

/** Where packets come from. */
export interface Source {
  /** What the source is, for people: an interface, a file, a topic. */
  readonly name: string;
  /**
   * The packets, in order, until the source ends or `stop` is aborted: then what was captured before comes, and
   * no more. A batch is valid until the next one is asked for. From when `giveUp` is aborted, which is after `stop`,
   * a source with packets that wait ends at once, and counts them.
   */
  batches(stop: AbortSignal, giveUp?: AbortSignal): AsyncIterable<PacketBatch>;
  /** Says that these packets were handled, so that no later run reads them again. */
  acknowledge?(origin: Origin): void;
  account(): Account;
  /** How far it has come, for people who wait. */
  reach?(): Reach;
  close(): Promise<void>;
}

/**
 * Changes a batch on its way, by returning a part of it or other bytes. It writes only to memory that writable() of
 * packet-batch.ts gives: others may look at the batch, too.
 */
export interface Stage {
  /**
   * Where a stage must first get ready for a batch and that may take long: resolves when it is. A stop does not wait
   * for it, and the batch is not taken then.
   */
  prepare?(batch: PacketBatch): Promise<void> | undefined;
  apply(batch: PacketBatch): PacketBatch;
  account(): Account;
  /** True once no further packet may pass: the run ends. */
  readonly finished: boolean;
}

/** Where packets go, or messages that were found in them. It writes to a batch's memory no more than a stage does. */
export interface Sink<Batch = PacketBatch> {
  /**
   * Resolves when the bytes of the batch were copied or written: that is the backpressure. From when `giveUp` is
   * aborted nothing may take long: what can't be handed over at once has failed.
   */
  write(batch: Batch, giveUp: AbortSignal): Promise<void>;
  /** Resolves when everything has gone out or failed. */
  flush(giveUp: AbortSignal): Promise<void>;
  /**
   * Calls `listener` where it fails by itself, while nothing is written, or has failed before: it takes nothing any more
   * then.
   */
  onFailure?(listener: (error: unknown) => void): void;
  account(): Account;
  close(): Promise<void>;
}

/** Of packets that went to other ends only, or were dropped, since this one had failed. */
export const END_FAILED: Cause = {
  id: 'end-failed',
  fate: 'failed',
  loss: true,
  text: 'not taken, since this end had failed',
};

/** Of packets that went to other ends only, since this one could not take them in time. */
export const TOO_SLOW: Cause = {
  id: 'end-too-slow',
  fate: 'failed',
  loss: true,
  text: 'dropped because this end was too slow for them',
};

/** Thrown by a sink whose reader has gone, or takes nothing and there is no more time: a normal end of the run. */
export class ReaderLeft extends Error {
  override readonly name = 'ReaderLeft';
  /** How many packets at the beginning of the batch went out all the same, or were counted otherwise. */
  readonly packetsHandled: number;

  constructor(packetsHandled = 0) {
    super('the reader has left');
    this.packetsHandled = packetsHandled;
  }
}

/** Thrown by a sink that could not write the whole batch: what went out of it counts, and the run fails. */
export class PartlyWritten extends ReaderLeft {
  readonly failure: Error;

  constructor(packetsHandled: number, failure: Error) {
    super(packetsHandled);
    this.failure = failure;
  }
}
