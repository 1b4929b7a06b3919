import { constants, inflateRawSync } from 'node:zlib';
import { MAX_MESSAGE_BYTES } from './sip-message.js';

/** How far back compressed bytes may refer (RFC 1951). */
const WINDOW_BYTES = 32 * 1024;
/** What the sender leaves out of each message (RFC 7692, section 7.2.1). */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const NO_BYTES = Buffer.alloc(0);

/**
 * Inflates the messages of one direction of a WebSocket connection with permessage-deflate (RFC 7692), which may refer to
 * what was in those before.
 */
export class MessageInflater {
  /** The end of what has been inflated. */
  #window = NO_BYTES;

  /** Bytes in memory that are kept for the messages to come. */
  get keptBytes(): number {
    return this.#window.length;
  }

  /** A message; undefined where it is damaged, longer than MAX_MESSAGE_BYTES, or refers to what was not seen. */
  inflate(bytes: Buffer, length: number): Buffer | undefined {
    const window = this.#window;
    try {
      const message = inflateRawSync(Buffer.concat([bytes.subarray(0, length), TAIL]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: MAX_MESSAGE_BYTES,
        ...(window.length > 0 && { dictionary: window }),
      });
      const older = Math.max(WINDOW_BYTES - message.length, 0);
      this.#window = Buffer.concat([
        window.subarray(Math.max(window.length - older, 0)),
        message.subarray(-WINDOW_BYTES),
      ]);
      return message;
    } catch {
      // Nothing that comes later can be understood without it, if it refers to it.
      this.#window = NO_BYTES;
      return undefined;
    }
  }
}
