import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors/user-error.js';
import type { SqsMessage, SqsQueue, SqsQueueOptions } from '../../aws/sqs-queue.js';
import { ownHttpAgents } from '../../net/own-http.js';
import type { Captures } from './captures.js';
import { Backoff, ChannelState } from './channel-state.js';

export interface SqsTriggerOptions extends Omit<SqsQueueOptions, 'invisibleSeconds'> {
  /** Messages that are under way at most: received, and not all of their captures begun. */
  readonly chunkSize: number;
}

/** What it needs of a queue. */
type Queue = Pick<SqsQueue, 'receive' | 'delete' | 'hide' | 'close'>;

/** As many as SQS gives at once. */
const MOST_AT_ONCE = 10;
/** Short enough that what a killed agent has left is soon seen again. */
const INVISIBLE_SECONDS = 30;
/** How often a message that waits is hidden again, well before it would be seen by others. */
const HIDE_AGAIN_MS = (INVISIBLE_SECONDS * 1000) / 3;
/** How long it asks no more where an empty answer came sooner: the queue waits shorter, or not at all. */
const EMPTY_PAUSE_MS = 1000;
/** As many as a queue may deliver again, since their removal failed. */
const MOST_REMEMBERED = 1000;

/**
 * Takes capture messages from a queue. A message stays in it, invisible to others, until its captures have begun or were
 * refused; then it is deleted. Should the agent die before, the queue delivers it again.
 */
export class SqsTrigger {
  readonly #queue: Queue;
  readonly #chunkSize: number;
  readonly #captures: Pick<Captures, 'take'>;
  readonly #log: Logger;
  readonly #state: ChannelState;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** Messages whose captures have not all begun, by their ids, each as it was received last. */
  readonly #waiting = new Map<string, SqsMessage>();
  /** Ids of messages whose captures have begun: they are not made twice, whatever the queue delivers. */
  readonly #done = new Set<string>();
  readonly #receiving: Promise<void>;

  /** Begins to receive. */
  constructor(
    queue: Queue,
    { url, chunkSize }: Pick<SqsTriggerOptions, 'url' | 'chunkSize'>,
    { captures, log }: { captures: Pick<Captures, 'take'>; log: Logger },
  ) {
    this.#queue = queue;
    this.#chunkSize = chunkSize;
    this.#captures = captures;
    this.#log = log;
    this.#state = new ChannelState('sqs', `sqs ${url}`, log);
    this.#receiving = this.#receive();
  }

  static async open(
    options: SqsTriggerOptions,
    captures: Captures,
    log: Logger,
  ): Promise<SqsTrigger> {
    // Loaded on use.
    const { SqsQueue } = await import('../../aws/sqs-queue.js');
    const queue = new SqsQueue(
      { ...options, invisibleSeconds: INVISIBLE_SECONDS },
      ownHttpAgents({ keepAlive: true }),
    );
    return new SqsTrigger(queue, options, { captures, log });
  }

  /** Receives no more, and gives back what has not begun. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#receiving;
    await Promise.all(this.#underWay);
    this.#queue.close();
  }

  async #receive(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(500, 30_000);
    while (!signal.aborted) {
      const room = this.#chunkSize - this.#underWay.size;
      if (room === 0) {
        await Promise.race(this.#underWay);
        continue;
      }
      try {
        const askedAt = performance.now();
        const messages = await this.#queue.receive(Math.min(room, MOST_AT_ONCE), signal);
        this.#state.there();
        backoff.reset();
        for (const message of messages) this.#take(message);
        const early = askedAt + EMPTY_PAUSE_MS - performance.now();
        if (messages.length === 0 && early > 0) await sleep(early, undefined, { signal });
      } catch (error) {
        if (isAborted(signal)) return;
        this.#state.away(error);
        await sleep(backoff.next(), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #take(message: SqsMessage): void {
    const work = this.#handle(message).catch((error: unknown) => {
      this.#log.warn(`sqs: a message was taken up, but not deleted: ${messageOf(error)}`);
    });
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #handle(message: SqsMessage): Promise<void> {
    const { id } = message;
    if (this.#done.has(id)) {
      await this.#delete(message);
      return;
    }
    const isUnderWay = this.#waiting.has(id);
    // One that comes again could not be hidden while the queue was away: its newest receipt counts from now on.
    this.#waiting.set(id, message);
    if (isUnderWay) return;
    try {
      if (await this.#takeUp(message)) await this.#delete(this.#waiting.get(id) ?? message);
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Whether its captures have begun; if not, somebody else may have it. */
  async #takeUp({ id, body }: SqsMessage): Promise<boolean> {
    const hide = async (seconds?: number) => {
      const newest = this.#waiting.get(id);
      if (newest) await this.#queue.hide(newest, seconds);
    };
    const hiding = setInterval(() => {
      hide().catch((error: unknown) => {
        this.#state.away(error);
      });
    }, HIDE_AGAIN_MS);
    const begun = await this.#captures.take('sqs', body).takenUp;
    clearInterval(hiding);
    if (begun) this.#remember(id);
    else await hide(0).catch(() => undefined);
    return begun;
  }

  #remember(id: string): void {
    this.#done.add(id);
    const [oldest = ''] = this.#done;
    if (this.#done.size > MOST_REMEMBERED) this.#done.delete(oldest);
  }

  async #delete(message: SqsMessage): Promise<void> {
    try {
      await this.#queue.delete(message);
    } catch {
      // Once more: else the queue delivers it again, and it is known by its id then.
      await sleep(1000, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      await this.#queue.delete(message);
    }
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
