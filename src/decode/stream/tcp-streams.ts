import type { PacketCursor } from '../cursor.js';
import { HeldSegments } from './held-segments.js';
import { KeptBytes } from './kept-bytes.js';
import { OpenedStreams } from './opened-streams.js';
import { Segment } from './segment.js';
import type { StreamEnds } from './stream-ends.js';
import { type Splitter, StreamEvent } from './stream-event.js';
import { STREAM_LIMITS, type StreamLimits } from './stream-limits.js';
import { SEQUENCES, STREAM_KEY_WORDS, StreamStates } from './stream-states.js';
import { WaitingStreams } from './waiting-streams.js';

const NONE = -1;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;

/** In how many pieces a stream may hold what comes after a hole: some 128 segments. */
const MOST_PIECES = 128;
/** What lies further back than this was not sent again, but is of another connection. */
const OLDEST_BYTES = 16 * 1024 * 1024;

/**
 * The bytes of TCP connections in order, each direction a stream with a splitter of its own that reads it, whatever the
 * order of segments, and however often they come; of bytes that come twice the first ones count.
 *
 *     streams.add(cursor);
 *     for (let event = streams.next(); event !== StreamEvent.None; event = streams.next())
 *       if (event === StreamEvent.Bytes) read(streams.splitter, streams.bytes, streams.start, streams.end);
 *
 * All events are taken before the cursor moves. What comes in order is handed on where it lies: nothing is copied. A stream
 * begins with its first byte, which is the one after the SYN, or in the middle where no SYN was seen. Number and memory of
 * streams are bounded, and the oldest gives way; that costs no more than what it or its splitter kept, as its next segment
 * begins it again. Only packets' times count, never the clock.
 */
export class TcpStreams<S extends Splitter> {
  /** Of the event at hand. */
  splitter: S | undefined;
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  /** Segments with content. */
  segments = 0;
  /** Segments whose content had all come before. */
  duplicates = 0;
  /** Segments that came before others which belong before them. */
  reordered = 0;
  /** Gaps that were not waited for any longer. */
  holes = 0;
  /** Streams that gave way to others. */
  evicted = 0;

  readonly #newSplitter: () => S;
  readonly #keptLimit: number;
  readonly #states: StreamStates<S>;
  readonly #opened: OpenedStreams;
  readonly #held: HeldSegments;
  readonly #kept: KeptBytes;
  readonly #waiting: WaitingStreams;

  #now = 0;
  /** The segment at hand. */
  readonly #segment = new Segment();
  #hasSegment = false;
  /** Its stream; -1 where it has none yet. */
  #stream = NONE;

  /** The stream that hands on what it holds without waiting any longer; whether that is its end. */
  #flushed = NONE;
  #hasSkipped = false;
  #isEnding = false;
  #isForgotten = false;
  #isExpiring = false;
  #isFinishing = false;
  #eventStream = NONE;

  constructor(newSplitter: () => S, limits: Partial<StreamLimits> = {}) {
    const { streams, opened, heldBytes, keptBytes } = { ...STREAM_LIMITS, ...limits };
    this.#newSplitter = newSplitter;
    this.#keptLimit = keptBytes;
    this.#states = new StreamStates(streams);
    this.#opened = new OpenedStreams(opened, STREAM_KEY_WORDS);
    this.#held = new HeldSegments(streams, heldBytes);
    this.#kept = new KeptBytes(streams);
    this.#waiting = new WaitingStreams(streams);
  }

  /** Streams that are known: of those that have ended, some are. */
  get size(): number {
    return this.#states.size;
  }

  /** Takes the TCP segment whose payload the cursor is at. Its events follow; before, there are none left. */
  add(cursor: PacketCursor): void {
    const { tcpFlags } = cursor;
    const length = cursor.end - cursor.at;
    // Most packets without content say nothing else.
    if (length === 0 && (tcpFlags & (SYN | FIN | RST)) === 0) return;
    this.#now = cursor.microseconds;
    this.#states.writeKey(cursor);
    let stream = this.#states.find();
    if ((tcpFlags & RST) !== 0) {
      this.#reset(stream, cursor.sequence);
      return;
    }
    let { sequence } = cursor;
    if ((tcpFlags & SYN) !== 0) stream = this.#open(stream, ++sequence | 0);
    if (length > 0) this.segments++;
    if (stream !== NONE && this.#states.splitter(stream) === undefined) {
      if (length === 0 || this.#states.distance(stream, sequence) > SEQUENCES - OLDEST_BYTES) {
        if (length > 0) this.duplicates++;
        return;
      }
      this.#states.forget(stream);
      stream = NONE;
    }
    if (length === 0 && stream === NONE) {
      if ((tcpFlags & FIN) !== 0) this.#opened.take(this.#states.key);
      return;
    }
    this.#stream = stream;
    this.#hasSegment = true;
    this.#segment.read(cursor, sequence);
  }

  /**
   * Hands on what waits for longer than 5 s at a time, with the events that follow. Called now and then, where packets come
   * in the order of their times.
   *
   * @param microseconds since 1970
   */
  expire(microseconds: number): void {
    this.#now = microseconds;
    this.#isExpiring = true;
  }

  /** No more packets will come: all streams end, with the events that follow. */
  finish(): void {
    this.#isFinishing = true;
  }

  /** What there is next of the segment, or of streams that give way to it. */
  next(): StreamEvent {
    this.#settle();
    for (;;) {
      let event = StreamEvent.None;
      if (this.#flushed !== NONE) event = this.#flush(this.#flushed);
      else if (this.#kept.total > this.#keptLimit) this.#evict(this.#kept.oldest);
      else if (this.#hasSegment) event = this.#read();
      else if (!this.#chooseIdle()) return StreamEvent.None;
      if (event !== StreamEvent.None) return event;
    }
  }

  /** Reads between whom the stream of the event at hand flows, which need not be the cursor's. */
  readEnds(ends: StreamEnds): void {
    this.#states.readEnds(this.#eventStream, ends);
  }

  /** A SYN: a new connection, if it is not the one that the stream has begun with. The stream that goes on. */
  #open(stream: number, firstSequence: number): number {
    if (stream !== NONE) {
      if (this.#states.beganWith(stream, firstSequence)) return stream;
      if (this.#states.splitter(stream) === undefined) this.#states.forget(stream);
      else this.#flushToEnd(stream, true);
    }
    this.#opened.add(this.#states.key, firstSequence);
    return NONE;
  }

  #reset(stream: number, sequence: number): void {
    this.#opened.take(this.#states.key);
    if (stream === NONE || this.#states.splitter(stream) === undefined) return;
    const distance = this.#states.distance(stream, sequence);
    // One from elsewhere is not of this connection.
    if (distance <= OLDEST_BYTES || distance >= SEQUENCES - OLDEST_BYTES)
      this.#flushToEnd(stream, false);
  }

  /** Hands on what is next of the segment; none where that has to wait, or there is nothing left. */
  #read(): StreamEvent {
    let stream = this.#stream;
    if (stream === NONE) {
      stream = this.#begin();
      if (stream === NONE) return StreamEvent.None;
    }
    // It may have ended while the segment waited for room.
    if (this.#states.splitter(stream) === undefined) {
      this.#hasSegment = false;
      return StreamEvent.None;
    }
    const held = this.#held;
    const segment = this.#segment;
    if (held.count(stream) > 0 && held.sequence(stream) === this.#states.place(stream))
      return this.#handOnHeld(stream);
    let distance = this.#states.distance(stream, segment.sequence);
    if (distance > SEQUENCES - OLDEST_BYTES) {
      segment.skip(Math.min(SEQUENCES - distance, segment.length));
      distance = this.#states.distance(stream, segment.sequence);
    }
    if (segment.length === 0) return this.#finishSegment(stream);
    if (distance === 0) return this.#handOn(stream);
    this.#hold(stream);
    return StreamEvent.None;
  }

  /** Begins a stream with the segment; -1 where it has to wait for another to give way, or where none begins. */
  #begin(): number {
    const states = this.#states;
    if (states.isFull) {
      const { oldest } = states;
      if (states.splitter(oldest) !== undefined) {
        this.#evict(oldest);
        return NONE;
      }
      states.forget(oldest);
    }
    const opened = this.#opened.take(states.key);
    if (opened === NONE && this.#segment.mayBeKeepAlive) {
      this.#hasSegment = false;
      return NONE;
    }
    const first = opened === NONE ? this.#segment.sequence : opened | 0;
    this.#stream = states.begin(first, this.#newSplitter());
    return this.#stream;
  }

  #handOn(stream: number): StreamEvent {
    const held = this.#held;
    const segment = this.#segment;
    const start = segment.at;
    let { length } = segment;
    if (held.count(stream) > 0)
      length = Math.min(length, this.#states.distance(stream, held.sequence(stream)));
    segment.skip(length);
    segment.isRepeated = false;
    return this.#goOn(stream, segment.bytes, start, start + length);
  }

  #handOnHeld(stream: number): StreamEvent {
    const held = this.#held;
    const start = held.at(stream);
    const end = start + held.length(stream);
    held.dropFirst(stream);
    return this.#goOn(stream, held.bytes, start, end);
  }

  #goOn(stream: number, bytes: Buffer, start: number, end: number): StreamEvent {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#moveTo(stream, (this.#states.place(stream) + end - start) | 0);
    return this.#eventOf(stream, StreamEvent.Bytes);
  }

  #skipTo(stream: number, sequence: number): StreamEvent {
    this.holes++;
    this.#moveTo(stream, sequence);
    return this.#eventOf(stream, StreamEvent.Hole);
  }

  #moveTo(stream: number, sequence: number): void {
    this.#states.moveTo(stream, sequence);
    if (!this.#waiting.has(stream)) return;
    if (this.#held.count(stream) > 0) this.#waiting.add(stream, this.#now);
    else this.#waiting.remove(stream);
  }

  #eventOf(stream: number, event: StreamEvent): StreamEvent {
    this.#eventStream = stream;
    this.splitter = this.#states.splitter(stream);
    return event;
  }

  /** Holds a segment that comes too early, once there is room. */
  #hold(stream: number): void {
    const held = this.#held;
    const segment = this.#segment;
    if (held.room < held.mostPieces(stream, segment.length)) {
      this.#flushed = this.#waiting.oldest;
      return;
    }
    if (held.hold(stream, this.#states.place(stream), segment) > 0) {
      this.reordered++;
      segment.isRepeated = false;
    }
    if (!this.#waiting.has(stream)) this.#waiting.add(stream, this.#now);
    segment.skip(segment.length);
  }

  #finishSegment(stream: number): StreamEvent {
    const held = this.#held;
    const segment = this.#segment;
    const { uncaptured } = segment;
    segment.uncaptured = 0;
    if (segment.isLast) {
      segment.isLast = false;
      this.#states.setEnd(stream, segment.sequence + uncaptured);
    }
    if (uncaptured > 0 && this.#states.distance(stream, segment.sequence) === 0) {
      const known =
        held.count(stream) > 0 ? this.#states.distance(stream, held.sequence(stream)) : uncaptured;
      return this.#skipTo(stream, (segment.sequence + Math.min(uncaptured, known)) | 0);
    }
    this.#hasSegment = false;
    if (segment.isRepeated) this.duplicates++;
    this.#states.touch(stream);
    if (this.#states.isAtEnd(stream)) this.#flushToEnd(stream, false);
    else if (held.count(stream) > MOST_PIECES || this.#waiting.isOverdue(stream, this.#now))
      this.#flushed = stream;
    return StreamEvent.None;
  }

  #evict(stream: number): void {
    this.evicted++;
    this.#flushToEnd(stream, true);
  }

  #flushToEnd(stream: number, isForgotten: boolean): void {
    this.#flushed = stream;
    this.#isEnding = true;
    this.#isForgotten = isForgotten;
  }

  /** Hands on what a stream holds after one hole, or after all of them where it ends. */
  #flush(stream: number): StreamEvent {
    const held = this.#held;
    if (held.count(stream) > 0) {
      if (held.sequence(stream) === this.#states.place(stream)) return this.#handOnHeld(stream);
      if (this.#isEnding || !this.#hasSkipped || held.count(stream) > MOST_PIECES) {
        this.#hasSkipped = true;
        return this.#skipTo(stream, held.sequence(stream));
      }
    }
    this.#flushed = NONE;
    this.#hasSkipped = false;
    if (!this.#isEnding && !this.#states.isAtEnd(stream)) return StreamEvent.None;
    const event = this.#eventOf(stream, StreamEvent.End);
    this.#kept.set(stream, 0);
    this.#states.end(stream);
    if (this.#isForgotten) this.#states.forget(stream);
    if (this.#isForgotten && this.#stream === stream) this.#stream = NONE;
    this.#isEnding = this.#isForgotten = false;
    return event;
  }

  /** Chooses a stream to hand on what it holds where there is no segment; false where there is none. */
  #chooseIdle(): boolean {
    if (this.#isExpiring) {
      const { oldest } = this.#waiting;
      if (oldest !== NONE && this.#waiting.isOverdue(oldest, this.#now)) {
        this.#flushed = oldest;
        return true;
      }
      this.#isExpiring = false;
    }
    const { oldest } = this.#states;
    if (!this.#isFinishing || oldest === NONE) {
      this.#isFinishing = false;
      return false;
    }
    if (this.#states.splitter(oldest) === undefined) this.#states.forget(oldest);
    else this.#flushToEnd(oldest, true);
    return true;
  }

  /** Takes note of what the splitter has kept of the last event. */
  #settle(): void {
    const stream = this.#eventStream;
    if (stream === NONE) return;
    this.#eventStream = NONE;
    const splitter = this.#states.splitter(stream);
    if (splitter !== undefined) this.#kept.set(stream, splitter.keptBytes);
  }
}
