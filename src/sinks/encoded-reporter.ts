import type { Cause } from '../errors/cause.js';
import { Tally, underWay, type Account, type Count } from '../pipeline/account.js';
import { END_FAILED, ReaderLeft } from '../pipeline/contracts.js';
import { GiveUp } from '../pipeline/give-up.js';
import { TOO_SLOW } from '../pipeline/contracts.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { MediaBatch } from '../protocols/media-batch.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import { MediaKind } from '../protocols/rtp/media-packet.js';
import type { MediaEncoder } from './media-encoder.js';
import type { MessageEncoder } from './message-encoder.js';
import type { Chunk, Outlet } from './outlet.js';
import type { Reporter } from './reporter.js';

/** What is reported: messages, or packets of media. */
export type PayloadKind = 'sip' | 'rtp' | 'rtcp';

const KINDS_OF_MEDIA: Readonly<Record<MediaKind, PayloadKind>> = {
  [MediaKind.Rtp]: 'rtp',
  [MediaKind.Rtcp]: 'rtcp',
};

/** How much may wait for an outlet, beside what it is sending. */
export interface WaitingBound {
  readonly dropBeyondBytes: number;
  /** Whatever their bytes are. */
  readonly dropBeyondMessages?: number;
  /** What gives way: what has just come, or what has waited longest. */
  readonly drops?: 'newest' | 'oldest';
}

export interface EncodedReporterOptions {
  readonly name: string;
  readonly encoder: MessageEncoder;
  /** Without one, packets of media are counted, and left out. */
  readonly mediaEncoder?: MediaEncoder | undefined;
  readonly outlet: Outlet;
  /** Whether a slow outlet holds up the run, or what would wait beyond a bound is dropped and counted. */
  readonly whenSlow: 'wait' | WaitingBound;
  /** Where flows are divided among several: which of them, from 0 on, of how many this is. */
  readonly share?: { readonly index: number; readonly of: number };
  /** Where kinds of payload are divided among several: which of them is this one's. */
  readonly takes?: PayloadKind;
  /** How long the end of a run waits while the outlet takes nothing; five minutes if not given. */
  readonly patienceMs?: number | undefined;
  /** Called as soon as it has failed: others may go on for long. */
  readonly onFailure?: (error: unknown) => void;
}

const UNFIT: Cause = {
  id: 'too-long',
  fate: 'failed',
  loss: true,
  text: 'failed: too long for the form in which they are sent',
};
const READER_LEFT: Cause = {
  id: 'reader-left',
  fate: 'filtered',
  loss: false,
  text: 'that nobody wanted to read any more',
};

const NO_FORM: Cause = {
  id: 'no-form',
  fate: 'filtered',
  loss: false,
  text: 'of media, for which it has no form',
};

interface Waiting {
  readonly chunk: Chunk;
  readonly out: JsonBytes;
  /** Its messages, and their own bytes. */
  readonly count: Count;
}

/**
 * How long the end of a file waits for an outlet that takes nothing: as long as librdkafka tries a message
 * (message.timeout.ms). A stop has the drain timeout instead.
 */
const PATIENCE_MS = 300_000;
/** Buffers that are kept to be filled again. */
const KEPT_BUFFERS = 4;

/** Brings messages into some form, a batch at a time, and sends them. */
export class EncodedReporter implements Reporter {
  readonly name: string;
  failure: { readonly error: unknown } | undefined;

  readonly #options: EncodedReporterOptions;
  readonly #tally = new Tally();
  readonly #free: JsonBytes[] = [];
  readonly #waiting: Waiting[] = [];
  /** Of the first of them, which the outlet has been given. */
  readonly #given: Promise<void>[] = [];
  #waitingBytes = 0;
  #waitingMessages = 0;
  #sending: Promise<void> | undefined;
  #hasEnded = false;
  /** Ends the sending of what waits: at the end of the run's patience, or of this one's. */
  readonly #giveUp = new GiveUp();

  constructor(options: EncodedReporterOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get ended(): boolean {
    return this.#hasEnded;
  }

  get isFull(): boolean {
    const { whenSlow } = this.#options;
    if (whenSlow === 'wait') return false;
    const { dropBeyondBytes, dropBeyondMessages = Infinity } = whenSlow;
    return (
      this.#waitingBytes > dropBeyondBytes / 2 || this.#waitingMessages > dropBeyondMessages / 2
    );
  }

  async write(batch: MessageBatch, giveUp: AbortSignal): Promise<void> {
    this.#giveUp.follow(giveUp);
    const out = this.#free.pop() ?? new JsonBytes();
    out.clear();
    const { chunk, messageBytes } = this.#encode(batch, out);
    const count = { packets: chunk.ends.length, bytes: messageBytes };
    this.#tally.take(count);
    const { whenSlow } = this.#options;
    if (this.#hasEnded) {
      this.#settleRest();
    } else if (count.packets > 0 && (whenSlow === 'wait' || this.#makeRoom(chunk, whenSlow))) {
      this.#waiting.push({ chunk, out, count });
      this.#waitingBytes += chunk.bytes.length;
      this.#waitingMessages += count.packets;
      this.#giveMore();
      this.#sending ??= this.#sendAll();
      if (whenSlow === 'wait') await this.#sending;
      return;
    } else this.#tally.settle(TOO_SLOW, count);
    this.#keep(out);
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#giveUp.follow(giveUp);
    const { patienceMs = PATIENCE_MS } = this.#options;
    const look = () => underWay(this.account()).packets;
    let before = look();
    const timer = setInterval(() => {
      const now = look();
      if (now === before) this.#giveUp.now();
      before = now;
    }, patienceMs);
    try {
      await this.#sending;
      if (!this.#hasEnded) await this.#options.outlet.flush?.(this.#tally, this.#giveUp.signal);
    } catch (error) {
      this.#end(error);
    } finally {
      clearInterval(timer);
    }
  }

  account(): Account {
    if (!this.#hasEnded) this.#options.outlet.settle?.(this.#tally);
    return this.#tally.account();
  }

  async close(): Promise<void> {
    await this.#options.outlet.close();
  }

  /** All of the batch that this one is to send, and how many bytes of it are the messages'. */
  #encode(batch: MessageBatch, out: JsonBytes): { chunk: Chunk; messageBytes: number } {
    const { encoder, share, takes = 'sip' } = this.#options;
    const { media } = batch;
    const besideBefore = this.#bytesBeside;
    const ends = new Int32Array(batch.total);
    let count = 0;
    let written = 0;
    /** Whatever an encoder has only taken stands before what comes next. */
    const writeTaken = () => {
      encoder.writeAll?.(out, ends.subarray(written, count));
      written = count;
    };
    let mediaAt = 0;
    for (let next = 0; ;) {
      for (; mediaAt < media.count && media.messagesBefore(mediaAt) <= next; mediaAt++) {
        writeTaken();
        if (this.#encodeMedia(media, mediaAt, out)) ends[count++] = out.length;
        written = count;
      }
      if (next === batch.count) break;
      if (takes === 'sip' && !share && encoder.writeRows) {
        // Up to the next packet of media.
        const until = mediaAt < media.count ? media.messagesBefore(mediaAt) : batch.count;
        const most = ends.subarray(count, count + until - next);
        const rows = encoder.writeRows(out, batch, next, most);
        next += rows;
        written = count += rows;
        if (rows > 0) continue;
      }
      const index = next++;
      if (takes !== 'sip') continue;
      if (!share) batch.go(index);
      else if (batch.flowOf(index) % share.of !== share.index) continue;
      const before = out.length;
      if (encoder.encode(out, batch.message, batch.passage)) {
        ends[count++] = out.length;
        continue;
      }
      out.length = before;
      const unfit = { packets: 1, bytes: batch.message.end - batch.message.start };
      this.#tally.take(unfit);
      this.#tally.settle(UNFIT, unfit);
    }
    writeTaken();
    return {
      chunk: { bytes: out.bytes.subarray(0, out.length), ends: ends.subarray(0, count) },
      messageBytes: out.length - (this.#bytesBeside - besideBefore),
    };
  }

  get #bytesBeside(): number {
    const { encoder, mediaEncoder } = this.#options;
    return (encoder.bytesBeside ?? 0) + (mediaEncoder?.bytesBeside ?? 0);
  }

  /** False where nothing of the packet is to be sent, which has been counted. */
  #encodeMedia(media: MediaBatch, index: number, out: JsonBytes): boolean {
    const { mediaEncoder, share, takes } = this.#options;
    if (share && media.flowOf(index) % share.of !== share.index) return false;
    media.go(index);
    const { packet, passage } = media;
    if (takes !== undefined && takes !== KINDS_OF_MEDIA[packet.kind]) return false;
    const before = out.length;
    if (mediaEncoder?.encode(out, packet, passage)) return true;
    out.length = before;
    const unfit = { packets: 1, bytes: packet.end - packet.start };
    this.#tally.take(unfit);
    this.#tally.settle(mediaEncoder ? UNFIT : NO_FORM, unfit);
    return false;
  }

  /** Whether there is room for it, or is once older ones have given way. */
  #makeRoom({ bytes, ends }: Chunk, bound: WaitingBound): boolean {
    const { dropBeyondBytes, dropBeyondMessages = Infinity, drops } = bound;
    const hasRoom = () =>
      this.#waitingBytes + bytes.length <= dropBeyondBytes &&
      // One alone may be larger: it is what has come at once.
      (this.#waiting.length === 0 || this.#waitingMessages + ends.length <= dropBeyondMessages);
    const given = this.#given.length;
    while (drops === 'oldest' && !hasRoom() && this.#waiting.length > given) {
      const { count } = this.#remove(given);
      this.#tally.settle(TOO_SLOW, count);
    }
    return hasRoom();
  }

  #remove(index: number): Waiting {
    const [removed] = this.#waiting.splice(index, 1);
    if (!removed) throw new Error('nothing waits there');
    this.#waitingBytes -= removed.chunk.bytes.length;
    this.#waitingMessages -= removed.count.packets;
    this.#keep(removed.out);
    return removed;
  }

  /** Gives the outlet as much of what waits as it may be given. */
  #giveMore(): void {
    const { outlet } = this.#options;
    const { window = 1 } = outlet;
    for (const { chunk } of this.#waiting.slice(this.#given.length, window)) {
      const sent = outlet.send(chunk, this.#tally, this.#giveUp.signal);
      // Seen to when those before it went out.
      void sent.catch(() => undefined);
      this.#given.push(sent);
    }
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#given.length > 0) {
        await this.#given[0];
        void this.#given.shift();
        this.#remove(0);
        this.#giveMore();
      }
    } catch (error) {
      this.#end(error);
    } finally {
      this.#sending = undefined;
    }
  }

  #end(error: unknown): void {
    this.#hasEnded = true;
    this.#waiting.length = 0;
    this.#given.length = 0;
    this.#waitingBytes = 0;
    this.#waitingMessages = 0;
    if (!(error instanceof ReaderLeft)) {
      this.failure = { error };
      this.#options.onFailure?.(error);
    }
    this.#settleRest();
  }

  /** Nothing goes out any more. A reader that has had enough loses nothing. */
  #settleRest(): void {
    this.#tally.settle(this.failure ? END_FAILED : READER_LEFT, underWay(this.#tally.account()));
  }

  #keep(out: JsonBytes): void {
    if (this.#free.length < KEPT_BUFFERS) this.#free.push(out);
  }
}
