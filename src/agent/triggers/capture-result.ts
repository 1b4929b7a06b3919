import type { UploadResult } from '../../uploads/uploads.js';

/** What became of one capture, with the field names of answers and log records. */
export interface CaptureResult {
  readonly interface: string;
  /**
   * `sent` to all targets; `kept` on disk for the next start, or `lost`, for one of them at least; `empty`: no packet
   * came; `failed`: it could not be opened, or there was no turn for it.
   */
  readonly result: 'sent' | 'kept' | 'lost' | 'empty' | 'failed';
  /** Its name, without a folder. */
  readonly file?: string;
  /** Comma-separated, as targets get them. */
  readonly tags?: string;
  /** Of the file. */
  readonly bytes?: number;
  readonly packets?: number;
  readonly drops?: { readonly kernel: number; readonly interface: number };
  /** Which limit ended it, by the message's field; `stop` where the agent stopped. */
  readonly ended_by?: 'packets' | 'bytes' | 'duration' | 'timeout' | 'stop' | 'error';
  readonly targets?: readonly UploadResult[];
  /** Why it failed, or ended before a limit was reached. */
  readonly error?: string;
}

/** What became of a message. */
export interface MessageAnswer {
  readonly captures: readonly CaptureResult[];
  /** Why others of its captures were refused. */
  readonly refused: readonly string[];
  /** How many of its captures were for other hosts. */
  readonly for_others: number;
}

/** What a channel holds of a message: until `takenUp` it should be able to deliver it again. */
export interface TakenMessage {
  /** Each of its captures has begun, or won't be made. False: the agent stops, and some were not begun. */
  readonly takenUp: Promise<boolean>;
  readonly answer: Promise<MessageAnswer>;
}
