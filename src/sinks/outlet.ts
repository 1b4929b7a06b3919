import type { Tally } from '../pipeline/account.js';

/** Messages in the form in which they are sent, one after the other. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Where each of them ends. */
  readonly ends: Int32Array;
}

/** Where encoded messages go out. */
export interface Outlet {
  /** How many chunks it may be given before the first went out; one if not given. They go out in order. */
  readonly window?: number;
  /**
   * Resolves when the messages went out or failed, which it has counted, and the bytes are not needed any more. Throws
   * where nothing can go out any more: ReaderLeft, if nobody takes anything. Where it learns later what became of them,
   * it has only taken them by then.
   */
  send(chunk: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void>;
  /** Of an outlet that learns later what became of messages: counts what it has learnt since. */
  settle?(tally: Tally): void;
  /** The same: resolves when all messages have gone out or failed, which it has counted. Throws as `send` does. */
  flush?(tally: Tally, giveUp: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
