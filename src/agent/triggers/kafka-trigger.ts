import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors/user-error.js';
import type { Properties } from '../../kafka/properties.js';
import { ValueReader, type MessageValue } from '../../kafka/value-reader.js';
import { AnswerTopic } from '../answer-topic.js';
import type { MessageAnswer } from './capture-result.js';
import type { Captures } from './captures.js';
import { Backoff, ChannelState } from './channel-state.js';

/** Messages from a topic. */
export interface KafkaTriggerOptions {
  readonly topic: string;
  readonly group: string;
  /** Where answers go; undefined for none. */
  readonly responseTopic: string | undefined;
  /** librdkafka's, brokers included. */
  readonly properties: Properties;
}

/** What was taken last; a group that has lost its place is given it again. */
const MOST_REMEMBERED = 1000;
const LAST_ANSWERS_MS = 2000;

interface Parts {
  readonly captures: Pick<Captures, 'take'>;
  readonly host: string;
  readonly log: Logger;
}

/**
 * Takes capture messages from all partitions of a topic, one after the other: the next one once the captures of the one
 * before have begun. So what has to wait does so in Kafka, and the group's offset is behind all that has begun.
 */
export class KafkaTrigger {
  readonly #options: KafkaTriggerOptions;
  readonly #parts: Parts;
  readonly #state: ChannelState;
  readonly #closing = new AbortController();
  readonly #taken = new Set<string>();
  readonly #answering = new Set<Promise<void>>();
  #reader: ValueReader | undefined;
  #answers: AnswerTopic | undefined;
  readonly #running: Promise<void>;

  /** Begins to read, and goes on until it is closed. */
  constructor(options: KafkaTriggerOptions, parts: Parts) {
    const { topic, group } = options;
    this.#options = options;
    this.#parts = parts;
    this.#state = new ChannelState('kafka', `topic ${topic}, group ${group}`, parts.log);
    this.#running = this.#run();
  }

  /** Reads no more; answers of captures that have ended go out. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#reader?.stop();
    await this.#running;
    await Promise.all(this.#answering);
    await this.#answers?.close(LAST_ANSWERS_MS);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(500, 30_000);
    while (!isAborted(signal)) {
      try {
        this.#reader = await this.#open();
        this.#state.there();
        backoff.reset();
        await this.#read(this.#reader);
      } catch (error) {
        if (!(error instanceof UserError))
          this.#parts.log.error({ event: 'bug', err: error }, 'capture messages: a bug in kcap');
        this.#state.away(error);
      }
      await this.#reader?.close();
      this.#reader = undefined;
      await sleep(backoff.next(), undefined, { signal }).catch(() => undefined);
    }
  }

  async #open(): Promise<ValueReader> {
    const { topic, group, properties, responseTopic } = this.#options;
    const { log } = this.#parts;
    if (this.#answers?.failure) {
      await this.#answers.close(0);
      this.#answers = undefined;
    }
    if (responseTopic !== undefined)
      this.#answers ??= await AnswerTopic.open(responseTopic, properties, log);
    return ValueReader.open({ topic, group, properties, uncommitted: 'latest' }, log, {
      onAway: () => {
        this.#state.away(new Error('no broker can be reached'));
      },
      onBack: () => {
        this.#state.there();
      },
    });
  }

  async #read(reader: ValueReader): Promise<void> {
    if (this.#closing.signal.aborted) return;
    for (let messages; (messages = await reader.next()) !== null;) {
      for (const message of messages.values) {
        if (!(await this.#take(message))) return;
        const { partition, offset } = message;
        reader.acknowledge([{ partition, offset: offset + 1, skip: 0 }]);
      }
      reader.acknowledge(messages.next);
    }
  }

  /** Whether its captures have begun, or need not: what has not is left to the next run. */
  async #take({ value, partition, offset, timestampMs }: MessageValue): Promise<boolean> {
    const id = `${partition} ${offset} ${timestampMs}`;
    if (this.#taken.has(id)) return true;
    const { takenUp, answer } = this.#parts.captures.take('kafka', value.toString());
    if (!(await takenUp)) return false;
    const sent = answer.then((done) => {
      this.#answer(done, { partition, offset });
    });
    this.#answering.add(sent);
    void sent.finally(() => this.#answering.delete(sent));
    this.#taken.add(id);
    const [oldest = ''] = this.#taken;
    if (this.#taken.size > MOST_REMEMBERED) this.#taken.delete(oldest);
    return true;
  }

  /** Who is not meant does not answer. */
  #answer(
    { captures, refused }: MessageAnswer,
    message: { readonly partition: number; readonly offset: number },
  ): void {
    if (captures.length === 0 && refused.length === 0) return;
    const { host, log } = this.#parts;
    const timestamp = new Date().toISOString();
    const answer = { version: 'v1', source: host, command: 'capture', timestamp, message };
    const result = { captures, refused };
    if (this.#answers?.send(host, JSON.stringify({ ...answer, result })) === false)
      log.warn('an answer was lost: too many wait for the brokers');
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
