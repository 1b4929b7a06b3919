import { CR, LF } from './ascii.js';
import { indexOfLineEnd } from './line-end.js';
import { MAX_MESSAGE_BYTES, type SipMessage, Verdict } from './sip-message.js';
import { StreamBuffer } from './stream-buffer.js';
import { beginsFrameOfSip, Frame, mayUpgrade, upgrades, WebSocketReader } from './websocket.js';

/** What is looked for before the bytes at hand are read again. */
enum Awaited {
  Anything,
  LineEnd,
  HeadersEnd,
  /** As many bytes as the message has. */
  Length,
}

/**
 * The SIP messages in one direction of a TCP connection, from its bytes in order: several in a segment, one over many
 * (RFC 3261, section 18.3), keep-alives between them (RFC 5626, section 3.5.1), or each in a message of WebSocket (RFC
 * 7118). What is no SIP is skipped up to the next line that begins a message.
 *
 *     stream.push(bytes, start, end);
 *     while (stream.next(message)) use(message);
 *
 * A message lies in the pushed bytes where these hold it whole, otherwise in memory of the stream's own: no more than
 * MAX_MESSAGE_BYTES, and none between messages. Each byte is searched once, however small the pieces are.
 */
export class SipStream {
  /** Messages that are SIP by their first line, but invalid, too long, or not all there. */
  malformed = 0;
  /** How many times bytes have begun that are no SIP. */
  notSip = 0;

  readonly #input = new StreamBuffer(MAX_MESSAGE_BYTES);
  #awaited = Awaited.Anything;
  /** Of the bytes at hand, how many have been searched for what is awaited. */
  #searched = 0;
  #needed = 0;
  /** Within bytes that are no SIP, and whether in the middle of a line of them. */
  #isInJunk = false;
  #isMidLine = false;
  /** Where a segment begins, a frame may begin. */
  #isAtSegment = false;
  #frames: WebSocketReader | undefined;

  /** Bytes of a message whose end has not come. */
  get waitingBytes(): number {
    return this.#input.length + (this.#frames?.length ?? 0);
  }

  /** Bytes in memory of its own: those, and what compressed messages may refer to. */
  get keptBytes(): number {
    return this.#input.ownBytes + (this.#frames?.keptBytes ?? 0);
  }

  /** Whether the last messages came over WebSocket. */
  get isWebSocket(): boolean {
    return this.#frames !== undefined;
  }

  /** The next bytes, after `next` has been false; they may change once it is false again. */
  push(bytes: Buffer, start: number, end: number): void {
    this.#isAtSegment = this.#input.length === 0;
    this.#input.push(bytes, start, end);
  }

  /** Bytes are missing before those that come next: a message that is not complete is lost, and counts as malformed. */
  skipHole(): void {
    if (!this.#isInJunk && this.waitingBytes > 0) this.malformed++;
    this.#input.clear();
    this.#frames = undefined;
    this.#await(Awaited.Anything);
    // The rest of it is no SIP, but nobody's fault; a message may begin with the next bytes.
    this.#isMidLine = false;
    this.#isInJunk = true;
  }

  /** Reads the next message; false where the pushed bytes hold no more. */
  next(message: SipMessage): boolean {
    const hasMessage = this.#findNext(message);
    if (!hasMessage) {
      this.#input.keep();
      this.#frames?.rest();
    }
    return hasMessage;
  }

  #findNext(message: SipMessage): boolean {
    const input = this.#input;
    for (;;) {
      if (this.#frames) {
        const frame = this.#frames.next(input);
        if (frame === Frame.Incomplete) return false;
        if (this.#takeFrame(this.#frames, frame, message)) return true;
        continue;
      }
      if (this.#isAtSegment) {
        this.#isAtSegment = false;
        if (beginsFrameOfSip(input.bytes, input.at, input.end)) {
          this.#beginFrames();
          continue;
        }
      }
      if (this.#isMidLine && !this.#skipLine()) return false;
      if (this.#awaited === Awaited.Anything) this.#skipLineEnds();
      if (input.length === 0 && !input.more()) return false;
      if (input.bytes[input.at] === CR || input.bytes[input.at] === LF) continue;
      if (!this.#hasAwaited()) {
        if (input.more()) continue;
        if (input.length < MAX_MESSAGE_BYTES) return false;
        // No message is so long.
        this.#leave(this.#awaited !== Awaited.LineEnd);
        continue;
      }
      if (this.#readMessage(message)) return true;
    }
  }

  #readMessage(message: SipMessage): boolean {
    const input = this.#input;
    switch (message.readStream(input.bytes, input.at, input.end)) {
      case Verdict.Sip:
        input.at = message.end;
        this.#isInJunk = false;
        this.#await(Awaited.Anything);
        return true;
      case Verdict.Malformed:
        this.#leave(true);
        return false;
      case Verdict.NotSip:
        this.#tryUpgrade();
        return false;
      case Verdict.Incomplete:
        if (message.headersStart === -1) this.#await(Awaited.LineEnd);
        else if (message.bodyStart === -1) this.#await(Awaited.HeadersEnd);
        else {
          this.#await(Awaited.Length);
          this.#needed = message.end - message.start;
        }
        return false;
    }
  }

  /** What is no SIP may begin WebSocket, or has to be skipped. */
  #tryUpgrade(): void {
    const { bytes, at, end } = this.#input;
    if (!mayUpgrade(bytes, at, end)) {
      this.#leave(false);
      return;
    }
    const headersEnd = endOfHeaders(bytes, at, end);
    if (headersEnd === -1) this.#await(Awaited.HeadersEnd, end - at);
    else if (upgrades(bytes, at, headersEnd)) {
      this.#input.at = headersEnd;
      this.#beginFrames();
    } else this.#leave(false);
  }

  #beginFrames(): void {
    this.#frames = new WebSocketReader();
    this.#isInJunk = false;
    this.#isMidLine = false;
    this.#await(Awaited.Anything);
  }

  #takeFrame(frames: WebSocketReader, frame: Frame, message: SipMessage): boolean {
    switch (frame) {
      case Frame.Message: {
        const { bytes, length } = frames;
        const verdict = message.readDatagram(bytes, 0, length);
        // The message stays in these bytes until the next one is asked for.
        if (verdict === Verdict.Malformed) this.malformed++;
        else if (verdict === Verdict.NotSip && message.start < length) this.notSip++;
        return verdict === Verdict.Sip;
      }
      case Frame.Unreadable:
        this.malformed++;
        return false;
      case Frame.Invalid:
        this.#frames = undefined;
        this.#leave(false);
        return false;
      case Frame.Close:
        this.#frames = undefined;
        return false;
      case Frame.Incomplete:
        return false;
    }
  }

  /** Skips what begins here, to the next line that begins a message. */
  #leave(isMalformed: boolean): void {
    if (isMalformed) this.malformed++;
    else if (!this.#isInJunk) this.notSip++;
    this.#isInJunk = true;
    this.#isMidLine = true;
    this.#await(Awaited.Anything);
  }

  /** Skips to the beginning of the next line; false where it has not come. */
  #skipLine(): boolean {
    const input = this.#input;
    do {
      const lf = indexOfLineEnd(input.bytes, input.at, input.end);
      if (lf !== -1) {
        input.at = lf + 1;
        this.#isMidLine = false;
        return true;
      }
      input.at = input.end;
    } while (input.more());
    return false;
  }

  #skipLineEnds(): void {
    const input = this.#input;
    const { bytes, end } = input;
    let { at } = input;
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
    input.at = at;
  }

  #await(awaited: Awaited, searched = 0): void {
    this.#awaited = awaited;
    this.#searched = searched;
  }

  /** Whether the bytes that have come since hold what is awaited. */
  #hasAwaited(): boolean {
    const { bytes, at, end } = this.#input;
    const length = end - at;
    if (this.#awaited === Awaited.Anything) return true;
    if (this.#awaited === Awaited.Length) return length >= this.#needed;
    // The end of headers is up to three bytes, which may come one by one.
    const from = at + Math.max(this.#searched - 2, 0);
    this.#searched = length;
    return this.#awaited === Awaited.LineEnd
      ? indexOfLineEnd(bytes, from, end) !== -1
      : endOfHeaders(bytes, from, end) !== -1;
  }
}

/** Where an empty line ends that follows another line's end; -1 where there is none. */
function endOfHeaders(bytes: Buffer, start: number, end: number): number {
  for (let at = indexOfLineEnd(bytes, start, end); at !== -1;) {
    const next = at + 1;
    if (next < end && bytes[next] === LF) return next + 1;
    if (next + 1 < end && bytes[next] === CR && bytes[next + 1] === LF) return next + 2;
    at = indexOfLineEnd(bytes, next, end);
  }
  return -1;
}
