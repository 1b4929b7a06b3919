import type { JsonBytes } from '../protocols/json-bytes.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import type { Passage } from '../protocols/passage.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';

/** Writes messages in some form. */
export interface MessageEncoder {
  /**
   * Writes a message behind what is there, or takes it for `writeAll`, until which its bytes stay what they are; false
   * where this form has no room for it.
   */
  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean;
  /** Of an encoder that writes many at once: writes all that it has taken behind what is there, and where each ends. */
  writeAll?(out: JsonBytes, ends: Int32Array): void;
  /**
   * Of an encoder that need not look at each message: writes those of a batch from `first` on behind what is there, and
   * where each ends: as many as `ends` has room for, or up to the first that only `encode` can write; how many.
   */
  writeRows?(out: JsonBytes, batch: MessageBatch, first: number, ends: Int32Array): number;
  /** Bytes that it has written beside messages since it began: keys, headers and lengths, which no account counts. */
  readonly bytesBeside?: number;
}
