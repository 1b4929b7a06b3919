import type { Sink } from '../pipeline/contracts.js';
import type { MessageBatch } from '../protocols/message-batch.js';

/**
 * Where messages go. It ends alone: from then on it counts the messages that it is given, and does nothing else. `write`
 * has read the batch when it resolves, and does not throw. In its account messages are counted.
 */
export interface Reporter extends Sink<MessageBatch> {
  /** What it is, for people: an address, without secrets. */
  readonly name: string;
  /** It has failed, or nobody takes anything any more. */
  readonly ended: boolean;
  /** So much waits that it would soon drop. */
  readonly isFull?: boolean;
  /** What it failed with; a reader that leaves is no failure. */
  readonly failure: { readonly error: unknown } | undefined;
}
