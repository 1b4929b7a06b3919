import { isAnyCase, isToken, SPACE } from './ascii.js';
import { HEADER, HeaderLine } from './header-line.js';
import { MessageInflater } from './message-inflater.js';
import { MAX_MESSAGE_BYTES } from './sip-message.js';
import type { StreamBuffer } from './stream-buffer.js';

const NO_BYTES = Buffer.alloc(0);

/** What `WebSocketReader.next` has come to. */
export enum Frame {
  /** A whole message: `bytes` up to `length`. */
  Message,
  /** A message that can't be read: too long, damaged, or not all of its fragments are there. */
  Unreadable,
  /** The end of the connection. */
  Close,
  /** More bytes are needed. */
  Incomplete,
  /** These are no frames. */
  Invalid,
}

const CONTINUATION = 0;
const CLOSE = 8;
const PONG = 10;
const LONGEST_CONTROL = 125;
/** Bits of a frame's first byte: the message is compressed (RFC 7692); nobody knows what the others mean. */
const COMPRESSED = 0x40;
const RESERVED = 0x30;

/**
 * The messages in one direction of a WebSocket connection (RFC 6455, section 5): unmasked, and put together from their
 * fragments, with control frames between them left out, and inflated where permessage-deflate has compressed them.
 */
export class WebSocketReader {
  bytes: Buffer = NO_BYTES;
  length = 0;

  /** Of the frame at hand: payload still to come, and what is done with it. */
  #left = 0;
  #isControl = false;
  #isFinal = false;
  #opcode = 0;
  readonly #mask = new Uint8Array(4);
  #maskAt = 0;
  #isInFrame = false;

  /** Of the message at hand. */
  #isOpen = false;
  #isUnreadable = false;
  #isCompressed = false;
  #inflater: MessageInflater | undefined;

  /** Bytes of memory of its own, whether or not they are in use. */
  get keptBytes(): number {
    return this.bytes.length + (this.#inflater?.keptBytes ?? 0);
  }

  next(input: StreamBuffer): Frame {
    for (;;) {
      if (!this.#isInFrame) {
        const start = this.#readHeader(input);
        if (start !== Frame.Message) return start;
      }
      if (this.#left > 0) {
        if (input.at === input.end && !input.more()) return Frame.Incomplete;
        this.#takePayload(input);
        continue;
      }
      this.#isInFrame = false;
      if (this.#isControl) {
        if (this.#opcode === CLOSE) return Frame.Close;
      } else if (this.#isFinal) {
        this.#isOpen = false;
        return this.#makeReadable() ? Frame.Message : Frame.Unreadable;
      }
    }
  }

  /** Gives back memory between messages. */
  rest(): void {
    if (this.#isOpen) return;
    this.bytes = NO_BYTES;
    this.length = 0;
  }

  #readHeader(input: StreamBuffer): Frame {
    while (input.length < headerLength(input)) if (!input.more()) return Frame.Incomplete;
    const { bytes, at } = input;
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const opcode = first & 0x0f;
    const payload = payloadLength(bytes, at);
    this.#isFinal = first >= 0x80;
    this.#isControl = opcode >= CLOSE;
    this.#opcode = opcode;
    if (opcode > PONG || (opcode > 2 && opcode < CLOSE) || payload < 0) return Frame.Invalid;
    if (this.#isControl && (!this.#isFinal || payload > LONGEST_CONTROL)) return Frame.Invalid;

    const maskAt = at + headerLength(input) - (second >= 0x80 ? 4 : 0);
    for (let index = 0; index < 4; index++)
      this.#mask[index] = second >= 0x80 ? (bytes[maskAt + index] ?? 0) : 0;
    this.#maskAt = 0;
    input.at += headerLength(input);
    this.#left = payload;
    this.#isInFrame = true;
    if (!this.#isControl) this.#beginData(opcode, first);
    return Frame.Message;
  }

  #beginData(opcode: number, first: number): void {
    // A fragment without a beginning, or a beginning before the end of what came before.
    const isOutOfPlace = (opcode === CONTINUATION) !== this.#isOpen;
    if (!this.#isOpen || isOutOfPlace) {
      this.length = 0;
      this.#isUnreadable = false;
    }
    this.#isOpen = true;
    // The first fragment says it of them all.
    const isCompressed = (first & COMPRESSED) !== 0;
    if (opcode !== CONTINUATION) this.#isCompressed = isCompressed;
    if ((first & RESERVED) !== 0 || (opcode === CONTINUATION && (isCompressed || isOutOfPlace)))
      this.#isUnreadable = true;
    if (this.length + this.#left > MAX_MESSAGE_BYTES) this.#isUnreadable = true;
  }

  /** Inflates the message at hand, if it is compressed; false where it can't be read. */
  #makeReadable(): boolean {
    if (!this.#isCompressed) return !this.#isUnreadable;
    if (this.#isUnreadable) {
      // Those that refer to it can't be read either.
      this.#inflater = undefined;
      return false;
    }
    this.#inflater ??= new MessageInflater();
    const message = this.#inflater.inflate(this.bytes, this.length);
    this.bytes = message ?? NO_BYTES;
    this.length = this.bytes.length;
    return message !== undefined;
  }

  #takePayload(input: StreamBuffer): void {
    const { bytes, at } = input;
    const taken = Math.min(this.#left, input.end - at);
    if (!this.#isControl && !this.#isUnreadable) {
      this.#makeRoom(this.length + taken);
      const into = this.bytes;
      const offset = this.length;
      const mask = this.#mask;
      for (let index = 0; index < taken; index++)
        into[offset + index] = (bytes[at + index] ?? 0) ^ (mask[(this.#maskAt + index) & 3] ?? 0);
      this.length += taken;
    }
    this.#maskAt = (this.#maskAt + taken) & 3;
    this.#left -= taken;
    input.at += taken;
  }

  #makeRoom(bytesNeeded: number): void {
    if (this.bytes.length >= bytesNeeded) return;
    let size = 2048;
    while (size < bytesNeeded) size *= 2;
    const larger = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Of the frame that begins a stream's bytes, as far as these tell: more of them may make it longer. */
function headerLength(input: StreamBuffer): number {
  if (input.length < 2) return 2;
  const second = input.bytes[input.at + 1] ?? 0;
  const size = second & 0x7f;
  return 2 + (size === 126 ? 2 : size === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0);
}

/** In bytes; -1 where it is more than a file could hold. */
function payloadLength(bytes: Buffer, at: number): number {
  const size = (bytes[at + 1] ?? 0) & 0x7f;
  if (size < 126) return size;
  if (size === 126) return bytes.readUInt16BE(at + 2);
  return bytes.readUInt32BE(at + 2) === 0 ? bytes.readUInt32BE(at + 6) : -1;
}

const line = new HeaderLine();

/**
 * Whether a line may begin the upgrade of a connection to WebSocket, or the answer to one (RFC 6455, section 4), as far
 * as it is there.
 */
export function mayUpgrade(bytes: Buffer, start: number, end: number): boolean {
  return beginsWith(bytes, start, end, 'get ') || beginsWith(bytes, start, end, 'http/1.1 101');
}

/** Whether the headers of an HTTP message, from its first line to the empty one, upgrade to WebSocket. */
export function upgrades(bytes: Buffer, start: number, end: number): boolean {
  let at = bytes.indexOf(10, start) + 1;
  while (at > 0 && at < end && line.read(bytes, at, end) === HEADER) {
    if (
      isAnyCase(bytes, line.nameStart, line.nameEnd, 'upgrade') &&
      isAnyCase(bytes, line.valueStart, line.valueEnd, 'websocket')
    )
      return true;
    at = line.next;
  }
  return false;
}

const LONGEST_METHOD = 32;

/**
 * Whether a frame begins here that holds the beginning of a SIP message: so a capture that begins in the middle of a
 * connection finds its frames.
 */
export function beginsFrameOfSip(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] ?? 0;
  if (end - start < 16 || (first !== 0x81 && first !== 0x82)) return false;
  const second = bytes[start + 1] ?? 0;
  const size = second & 0x7f;
  const maskAt = start + 2 + (size === 126 ? 2 : size === 127 ? 8 : 0);
  const isMasked = second >= 0x80;
  const payloadAt = maskAt + (isMasked ? 4 : 0);
  for (let index = 0; index < LONGEST_METHOD && payloadAt + index < end; index++) {
    const mask = isMasked ? (bytes[maskAt + (index & 3)] ?? 0) : 0;
    const byte = (bytes[payloadAt + index] ?? 0) ^ mask;
    if (byte === SPACE) return index > 0;
    // The slash is that of SIP/2.0.
    if (!isToken(byte) && !(byte === 47 && index === 3)) return false;
  }
  return false;
}

function beginsWith(bytes: Buffer, start: number, end: number, lower: string): boolean {
  const length = Math.min(end - start, lower.length);
  return isAnyCase(bytes, start, start + length, lower.slice(0, length));
}
