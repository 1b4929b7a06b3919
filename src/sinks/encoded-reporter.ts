import type { Cause } from '../errors/cause.js';
import { Tally, underWay, type Account } from '../pipeline/account.js';
import { END_FAILED, ReaderLeft } from '../pipeline/contracts.js';
import { TOO_SLOW } from '../pipeline/contracts.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { MediaBatch } from '../protocols/media-batch.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import type { MediaEncoder } from './media-encoder.js';
import type { MessageEncoder } from './message-encoder.js';
import type { Chunk, Outlet } from './outlet.js';
import type { Reporter } from './reporter.js';

export interface EncodedReporterOptions {
  readonly name: string;
  readonly encoder: MessageEncoder;
  /** Without one, packets of media are counted, and left out. */
  readonly mediaEncoder?: MediaEncoder | undefined;
  readonly outlet: Outlet;
  /** Whether a slow outlet holds up the run, or messages are dropped and counted that would wait beyond so many bytes. */
  readonly whenSlow: 'wait' | { readonly dropBeyondBytes: number };
  /** Where flows are divided among several: which of them, from 0 on, of how many this is. */
  readonly share?: { readonly index: number; readonly of: number };
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

/** How long the end of the run waits for an outlet that takes nothing. */
const PATIENCE_MS = 10_000;
/** Buffers that are kept to be filled again. */
const KEPT_BUFFERS = 4;

/** Brings messages into some form, a batch at a time, and sends them. */
export class EncodedReporter implements Reporter {
  readonly name: string;
  failure: { readonly error: unknown } | undefined;

  readonly #options: EncodedReporterOptions;
  readonly #tally = new Tally();
  readonly #free: JsonBytes[] = [];
  readonly #waiting: { readonly chunk: Chunk; readonly out: JsonBytes }[] = [];
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  #hasEnded = false;
  /** Ends the sending of what waits: at the end of the run's patience, or of this one's. */
  readonly #giveUp = new AbortController();
  #endsWith: AbortSignal | undefined;

  constructor(options: EncodedReporterOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get ended(): boolean {
    return this.#hasEnded;
  }

  get isFull(): boolean {
    const { whenSlow } = this.#options;
    return whenSlow !== 'wait' && this.#waitingBytes > whenSlow.dropBeyondBytes / 2;
  }

  async write(batch: MessageBatch, giveUp: AbortSignal): Promise<void> {
    this.#endWith(giveUp);
    const out = this.#free.pop() ?? new JsonBytes();
    out.clear();
    const { chunk, messageBytes } = this.#encode(batch, out);
    const count = { packets: chunk.ends.length, bytes: messageBytes };
    const size = chunk.bytes.length;
    this.#tally.take(count);
    const { whenSlow } = this.#options;
    if (this.#hasEnded) {
      this.#settleRest();
    } else if (whenSlow !== 'wait' && this.#waitingBytes + size > whenSlow.dropBeyondBytes) {
      this.#tally.settle(TOO_SLOW, count);
    } else if (count.packets > 0) {
      this.#waiting.push({ chunk, out });
      this.#waitingBytes += size;
      this.#sending ??= this.#sendAll();
      if (whenSlow === 'wait') await this.#sending;
      return;
    }
    this.#keep(out);
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#endWith(giveUp);
    const look = () => underWay(this.account()).packets;
    let before = look();
    const timer = setInterval(() => {
      const now = look();
      if (now === before) this.#giveUp.abort();
      before = now;
    }, PATIENCE_MS);
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
    const { encoder, share } = this.#options;
    const { media } = batch;
    const besideBefore = this.#bytesBeside;
    const ends = new Int32Array(batch.total);
    let count = 0;
    let mediaAt = 0;
    for (let index = 0; index <= batch.count; index++) {
      for (; mediaAt < media.count && media.messagesBefore(mediaAt) <= index; mediaAt++)
        if (this.#encodeMedia(media, mediaAt, out)) ends[count++] = out.length;
      if (index === batch.count) break;
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
    const { mediaEncoder, share } = this.#options;
    if (share && media.flowOf(index) % share.of !== share.index) return false;
    media.go(index);
    const { packet, passage } = media;
    const before = out.length;
    if (mediaEncoder?.encode(out, packet, passage)) return true;
    out.length = before;
    const unfit = { packets: 1, bytes: packet.end - packet.start };
    this.#tally.take(unfit);
    this.#tally.settle(mediaEncoder ? UNFIT : NO_FORM, unfit);
    return false;
  }

  async #sendAll(): Promise<void> {
    try {
      for (let next; (next = this.#waiting[0]);) {
        const { chunk, out } = next;
        await this.#options.outlet.send(chunk, this.#tally, this.#giveUp.signal);
        this.#waiting.shift();
        this.#waitingBytes -= chunk.bytes.length;
        this.#keep(out);
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
    this.#waitingBytes = 0;
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

  #endWith(giveUp: AbortSignal): void {
    if (this.#endsWith === giveUp) return;
    this.#endsWith = giveUp;
    const end = () => {
      this.#giveUp.abort();
    };
    if (giveUp.aborted) end();
    else giveUp.addEventListener('abort', end, { once: true });
  }
}
