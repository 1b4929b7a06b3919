import type { Logger } from 'pino';
import { addon } from '../addon/addon.js';
import type { NativeUndeliveredBatch } from '../addon/batch.js';
import type { NativeProducer } from '../addon/producer.js';
import { packetBatchOf } from '../packet/native-batch.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import type { Microseconds } from '../packet/timestamp.js';
import { Throttle } from '../errors/throttle.js';
import { messageOf, UserError } from '../errors/user-error.js';
import { ClientLog } from './client-log.js';
import type { ClientFacts } from './client-facts.js';
import { clientError } from './client-threads.js';
import { isRefusal, problemOf } from './connection-problem.js';
import { deliveryFailures, type DeliveryFailure } from './delivery-cause.js';
import { headerBytes } from './message-headers.js';
import type { Properties } from './properties.js';
import { hideSecrets } from './secrets.js';
import { packedBounds, requestBounds, type Packing } from './request-bounds.js';
import { undeliveredText } from './undelivered.js';

/** How long one wait for deliveries lasts before it is asked whether to go on. */
const DRAIN_STEP_MS = 200;
/** How long a start waits for the topic's settings, which the broker need not show. */
const SETTINGS_LIMIT_MS = 1000;
/** How often the same cause of failures is said. The addon tells of it as often. */
const REPEAT_FAILURE_MS = 9_000;

/** Which time a message carries as Kafka's timestamp: its packet's, or the time of sending. */
export type KafkaTimestamp = 'packet' | 'now';

export interface ProducerOptions {
  readonly properties: Properties;
  readonly topic: string;
  readonly timestamp: KafkaTimestamp;
  /**
   * Whether librdkafka's queue may fill up to its bound. That is for packets that come by themselves; those of a file
   * can wait in the file.
   */
  readonly mayFillQueue: boolean;
  /** A packet waits no longer for others to share its request; 0: as long as linger.ms says. */
  readonly pushIntervalMs: number;
  /** Bytes which, produced within that time, fill requests by themselves. */
  readonly fullBytes: number;
  /** What every message carries beside what is not plain about its packet. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether messages say on which interface their packets were captured, where it is known. */
  readonly namesInterface: boolean;
  /** Partitions over which conversations are spread. */
  readonly flowPartitions?: number;
  /** Messages of many packets. */
  readonly pack?: Packing | undefined;
  /** Whether only what is refused for its own sake fails, and all else comes back with withdraw(). */
  readonly keepsUndelivered?: boolean;
  /** Whether keys choose partitions, by the configuration's partitioner; by default partitions take turns. */
  readonly keysChoose?: boolean;
  /** Whether messages are made of packets, or come as such: what remedies are about. */
  readonly sends?: 'packets' | 'messages';
  /** Every how many deliveries one is reported; 0 for none. */
  readonly reportEvery: number;
}

/** What became of messages. They are numbered from 1 on. */
export interface DeliveryCounters extends Omit<ReturnType<NativeProducer['counters']>, 'failures'> {
  readonly failures: readonly DeliveryFailure[];
}

/** A delivery that the broker acknowledged. */
export interface DeliveryReport {
  /** How many had been delivered by then, this one included. */
  readonly number: number;
  readonly time: Microseconds;
  readonly partition: number;
  readonly offset: number;
  /** Captured length in bytes. */
  readonly length: number;
}

/** Packets whose messages were not delivered, and the numbers of those messages. */
export interface ReturnedBatch extends PacketBatch {
  readonly numbers: Float64Array;
}

/** Sends batches to a topic, one message a packet (docs/wire-format.md), or messages that were made elsewhere. */
export class BatchProducer {
  readonly #native: NativeProducer;
  readonly #log: Logger;
  /** By cause, how many failures the log has told of. */
  readonly #throttle = new Throttle(REPEAT_FAILURE_MS);
  /** How many packets had failed for a cause when that was last said. */
  readonly #saidFailures = new Map<string, number>();
  readonly #timestamp: KafkaTimestamp;
  readonly #sends: 'packets' | 'messages';
  readonly #namesInterface: boolean;
  readonly #pack: Packing | undefined;
  /** That are filled at the same time. */
  readonly #packs: number;
  /** That every message carries. */
  readonly #headers: ProducerOptions['headers'];
  readonly #facts: ClientFacts;
  /** Of the connection, while nothing is delivered. */
  #trouble: { readonly text: string; readonly delivered: number } | undefined;
  /** What was wrong with the connection when the rest was given up. */
  #troubleAtPurge: string | undefined;
  #onReports: (() => void) | undefined;
  readonly #onFailure: (() => void)[] = [];
  #failure: UserError | undefined;

  constructor(options: ProducerOptions, log: Logger) {
    this.#log = log;
    this.#timestamp = options.timestamp;
    this.#sends = options.sends ?? 'packets';
    this.#namesInterface = options.namesInterface;
    this.#pack = options.pack;
    this.#packs = Math.max(1, options.flowPartitions ?? 0);
    this.#headers = options.headers;
    this.#facts = { properties: options.properties, topic: options.topic, role: 'producer' };
    const clientLog = new ClientLog(log, this.#facts);
    try {
      this.#native = new addon.BatchProducer({
        ...options,
        flowPartitions: options.flowPartitions ?? 0,
        keysChoose: options.keysChoose ?? false,
        packBytes: options.pack?.bytes ?? 0,
        packAgeMs: options.pack?.ageMs ?? 0,
        properties: [...options.properties],
        onEvent: (event) => {
          if (event.kind === 'reports') this.#onReports?.();
          else if (event.kind === 'failure') this.#lookAtFailures();
          else if (event.kind === 'error' && (event.fatal || isRefusal(event.name)))
            this.#end(event.message, event.name);
          else {
            if (event.kind === 'error') this.#noteTrouble(event);
            clientLog.handle(event);
          }
        },
      });
    } catch (error) {
      const cause = hideSecrets(messageOf(error), options.properties);
      throw clientError('Kafka producer', cause);
    }
  }

  /**
   * Hands the packets to librdkafka, which copies or borrows them, and waits while its queue is full. The number of packets'
   * bytes that it took: all, unless `giveUp` was aborted before there was room.
   */
  async send(batch: PacketBatch, giveUp: AbortSignal): Promise<number> {
    const { bytes } = batch;
    let taken = 0;
    while (taken < bytes.length) {
      taken += await this.offer(taken === 0 ? batch : { ...batch, bytes: bytes.subarray(taken) });
      if (giveUp.aborted) break;
    }
    return taken;
  }

  /**
   * Hands librdkafka as many of the packets as it has room for, after a moment if need be. The number of packets'
   * bytes that it took.
   */
  async offer({ bytes, link }: PacketBatch): Promise<number> {
    const name = this.#namesInterface ? link.interface : undefined;
    return this.#native.produce(bytes, link.linkType, link.precision === 'nano', name);
  }

  /**
   * The same of messages with keys, values, headers and timestamps of their own, framed as framedMessage does it
   * (src/protocols/report/framed-message.ts). The number of the frames' bytes that were taken.
   */
  async offerMessages(frames: Buffer): Promise<number> {
    const taken = await this.#native.produceMessages(frames);
    if (taken < 0) throw new Error('a framed message contradicts itself');
    return taken;
  }

  /** Waits up to `timeoutMs` for deliveries; the number of messages still under way. */
  async flush(timeoutMs: number): Promise<number> {
    return this.#native.flush(timeoutMs);
  }

  /** Waits for deliveries as long as `goesOn` says so of those left; the number of messages still under way. */
  async drain(goesOn: (left: number) => boolean): Promise<number> {
    let left = await this.flush(0);
    while (left > 0 && goesOn(left)) left = await this.flush(DRAIN_STEP_MS);
    return left;
  }

  /**
   * Makes requests such as the topic takes, as far as its settings may be seen. To be called before anything is sent:
   * later it takes until all of it has been delivered.
   *
   * @param roundTripMs how long a question to the broker and its answer take
   */
  async adaptToTopic(user: Properties, roundTripMs: number): Promise<void> {
    await this.#native.askForTopicSettings(SETTINGS_LIMIT_MS);
    const limit = this.#native.topicSettings()['max.message.bytes'];
    const facts = { limitBytes: limit === undefined ? undefined : Number(limit), roundTripMs };
    const usual = this.#native.requestBounds();
    const bounds = requestBounds(usual, user, facts);
    const { bytes, messageBytes, messages, packBytes } = this.#pack
      ? packedBounds(bounds, user, facts, {
          packing: this.#pack,
          packs: this.#packs,
          headerBytes: headerBytes(this.#headers),
        })
      : { ...bounds, packBytes: 0 };
    await this.#native.boundRequests(bytes, messageBytes, messages, packBytes);
  }

  /** Gives up every message that is not delivered: it counts as failed. */
  async purge(): Promise<void> {
    const trouble = this.#trouble;
    if (trouble?.delivered === this.counters().delivered) this.#troubleAtPurge = trouble.text;
    await this.#native.purge();
  }

  /**
   * Takes every message back that is not delivered: their packets, in the order in which they came.
   *
   * @param waitMs how long what is on its way is waited for; what was not heard of by then may arrive all the same
   */
  async withdraw(waitMs = 0): Promise<ReturnedBatch[]> {
    await this.#native.withdraw(waitMs);
    return this.#native.takeWithdrawn().map(returnedBatch);
  }

  /** The packets that were refused for their own sake since the last call; they count as failed. */
  takeRefused(): ReturnedBatch[] {
    return this.#native.takeRefused().map(returnedBatch);
  }

  /**
   * Asks the brokers how many partitions the topic has, for up to `timeoutMs`: 0 where they know no such topic,
   * undefined where nobody answers, or says so.
   */
  async partitions(timeoutMs: number): Promise<number | undefined> {
    const count = await this.#native.partitions(timeoutMs);
    return count < 0 ? undefined : count;
  }

  counters(): DeliveryCounters {
    const counters = this.#native.counters();
    return { ...counters, failures: deliveryFailures(counters.failures, this.#troubleAtPurge) };
  }

  /** Calls `listener` when deliveries wait to be taken with takeReports(). */
  onReports(listener: () => void): void {
    this.#onReports = listener;
  }

  /** The deliveries to be shown since the last call. */
  takeReports(): DeliveryReport[] {
    return this.#native
      .takeReports()
      .map(({ timeUs, ...report }) => ({ ...report, time: timeUs as Microseconds }));
  }

  /** Why nothing can be sent any more: the broker refuses it. */
  get failure(): UserError | undefined {
    return this.#failure;
  }

  /** Calls `listener` once nothing can be sent any more, or soon where that is so already. */
  onFailure(listener: () => void): void {
    this.#onFailure.push(listener);
    if (this.#failure) queueMicrotask(listener);
  }

  async close(): Promise<void> {
    await this.#native.close();
  }

  #lookAtFailures(): void {
    for (const failure of this.counters().failures) {
      const { cause, packets: count } = failure;
      const said = this.#saidFailures.get(cause.id);
      if (count === said || !this.#throttle.admits(cause.id)) continue;
      this.#saidFailures.set(cause.id, count);
      if (cause.id.endsWith('-authorization-failed')) this.#end(cause.text);
      // What comes after the end has that cause.
      else if (!this.#failure) this.#sayFailure(failure, said);
    }
  }

  #sayFailure(failure: DeliveryFailure, said: number | undefined): void {
    const text = undeliveredText(failure, said, {
      client: this.#facts,
      topicSettings: this.#native.topicSettings(),
      messageBytes: this.#native.requestBounds().messageBytes,
      timestamp: this.#timestamp,
      headers: this.#headers,
      sends: this.#sends,
    });
    this.#log.error({ event: 'undelivered', count: failure.packets }, text);
  }

  /** What is wrong with a connection may be why nothing will have been delivered at the end. */
  #noteTrouble({ name, message }: { readonly name: string; readonly message: string }): void {
    // It says nothing that the single connections have not said.
    if (name === '_ALL_BROKERS_DOWN') return;
    const { cause } = problemOf(message, this.#facts, { name });
    this.#trouble = { text: cause, delivered: this.counters().delivered };
  }

  /** @param name librdkafka's of the error, where it is not the text's */
  #end(message: string, name?: string): void {
    if (this.#failure) return;
    const { cause, remedy } = problemOf(message, this.#facts, { name });
    this.#failure = new UserError(`send to topic ${this.#facts.topic}`, cause, { remedy });
    for (const listener of this.#onFailure) listener();
  }
}

function returnedBatch({ records, numbers, ...facts }: NativeUndeliveredBatch): ReturnedBatch {
  return { ...packetBatchOf({ ...facts, buffer: records, byteLength: records.length }), numbers };
}
