import type { Tally } from '../pipeline/account.js';

/** Messages in the form in which they are sent, one after the other. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Where each of them ends. */
  readonly ends: Int32Array;
}

/** Where encoded messages go out. */
export interface Outlet {
  /**
   * Resolves when the messages went out or failed, which it has counted, and the bytes are not needed any more. Throws
   * where nothing can go out any more: ReaderLeft, if nobody takes anything.
   */
  send(chunk: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
