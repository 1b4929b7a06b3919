import type { Logger } from 'pino';
import { addon } from '../addon/addon.js';
import type { NativeConsumer, NativeConsumedBatch } from '../addon/consumer.js';
import { packetBatchOf } from '../packet/native-batch.js';
import type { PacketBatch, PartitionOffset } from '../packet/packet-batch.js';
import type { Microseconds } from '../packet/timestamp.js';
import { messageOf, UserError } from '../errors/user-error.js';
import { ClientLog } from './client-log.js';
import type { ClientFacts } from './client-facts.js';
import { clientError } from './client-threads.js';
import { isRefusal, problemOf } from './connection-problem.js';
import type { Properties } from './properties.js';
import { hideSecrets } from './secrets.js';
import { TopicReach } from './topic-reach.js';
import type { Reach } from '../packet/reach.js';

/** librdkafka's logical offsets (rdkafka.h). */
export const OFFSET_BEGINNING = -2;
export const OFFSET_STORED = -1000;

/** Large enough that a batch costs little, small enough that it stays in the processor's cache. */
const BATCH_BYTES = 1024 * 1024;
/** The same where JavaScript looks at no packet, and none comes again after a kill: a batch costs as much however long. */
export const LONG_READ_BYTES = 4 * 1024 * 1024;
/** How long the first packet of a batch waits for others. */
const MAX_BATCH_AGE_MS = 5;

/** What is read of a partition. */
export interface PartitionRange {
  readonly partition: number;
  /** First offset to read, or a logical one. With a group, where it has committed nothing. */
  readonly start: number;
  /** First offset not to read; undefined to go on forever. */
  readonly end: number | undefined;
  /** Where the window's slack begins by Kafka's times, if `start` is further back for a look at what is there. */
  readonly timeStart?: number | undefined;
}

/** A span of packet times that is looked for, and how far beyond it. Microseconds. */
export interface TimeWindow {
  readonly from: Microseconds | undefined;
  readonly to: Microseconds | undefined;
  /** Undefined: in all that there is. */
  readonly slackUs: number | undefined;
}

export interface ConsumerOptions {
  readonly properties: Properties;
  readonly topic: string;
  /** Share the topic's partitions with the other members of the group, instead of reading all of them. */
  readonly shared: boolean;
  /** If this run is the first member of its group, begin at `start`, whatever the group has committed. */
  readonly overridesCommitted: boolean;
  readonly partitions: readonly PartitionRange[];
  /** Where partitions begin that are not in `partitions`: those added later. They are read where there are no ends. */
  readonly otherStart: number;
  /** LINKTYPE_ number of packets that carry none. */
  readonly linkType: number;
  /** What keys count since 1970; kcap's are microseconds. */
  readonly keyUnit: KeyUnit;
  /** What messages that are not packed hold. `anything`: each value is taken as it is, whatever key and headers say. */
  readonly values: ValueKind | 'anything';
  /** Merge the partitions by the packets' times, instead of taking messages as they come. */
  readonly inTimeOrder: boolean;
  /**
   * Batches say the interface and the host of their packets. Where those change from packet to packet, so do batches:
   * only for who needs it.
   */
  readonly tellsNames: boolean;
  /** Bytes of a batch at most, but for a longer packet. */
  readonly batchBytes?: number | undefined;
  /** A partition is read no further once its packets are surely later than this. */
  readonly window: TimeWindow | undefined;
}

/** A frame, or a whole capture file. */
export type ValueKind = 'frame' | 'pcap';

export type KeyUnit = 'us' | 'ms' | 'ns';

/** A batch, and what the messages in between were that gave no packet. */
export interface ConsumedBatch {
  readonly packets: PacketBatch;
  readonly tally: NativeConsumedBatch['tally'];
}

/** Reads a topic as batches of packets (docs/wire-format.md). */
export class BatchConsumer {
  readonly #native: NativeConsumer;
  readonly #facts: ClientFacts;
  readonly #log: Logger;
  readonly #reach: TopicReach;
  readonly #hasEnds: boolean;
  #failure: UserError | undefined;
  #saidOutside = false;

  /** @param onAway called, perhaps again and again, while no broker can be reached */
  constructor(options: ConsumerOptions, log: Logger, onAway: () => void = () => undefined) {
    const { properties, topic, shared } = options;
    const group = shared ? properties.get('group.id') : undefined;
    this.#facts = { properties, topic, role: 'consumer', group };
    this.#log = log;
    this.#hasEnds = options.partitions.some(({ end }) => end !== undefined);
    this.#reach = new TopicReach(shared ? [] : options.partitions);
    const clientLog = new ClientLog(log, this.#facts);
    try {
      this.#native = new addon.BatchConsumer({
        properties: [...options.properties],
        topic: options.topic,
        group,
        groupInstance: properties.get('group.instance.id'),
        overridesCommitted: options.overridesCommitted,
        partitions: options.partitions,
        otherStart: options.otherStart,
        window: windowOf(options.window, Date.now() * 1000),
        inTimeOrder: options.inTimeOrder,
        tellsNames: options.tellsNames,
        keyUnit: options.keyUnit,
        values: options.values,
        linkType: options.linkType,
        batchBytes: options.batchBytes ?? BATCH_BYTES,
        maxBatchAgeMs: MAX_BATCH_AGE_MS,
        onEvent: (event) => {
          if (event.kind === 'error' && event.name === '_ALL_BROKERS_DOWN') onAway();
          if (event.kind === 'error' && this.#isTheEnd(event)) this.#end(event);
          else if (event.kind !== 'error' || !this.#isOfNoMatter(event.name))
            clientLog.handle(event);
        },
      });
    } catch (error) {
      const cause = hideSecrets(messageOf(error), properties);
      throw clientError('Kafka consumer', cause);
    }
  }

  /**
   * The next packets; null where all partitions were read to their ends, or after stop(). Throws a UserError where the
   * topic is gone, or the broker refuses to give them.
   */
  async next(): Promise<ConsumedBatch | null> {
    const { topic } = this.#facts;
    const batch = await this.#native.next().catch((error: unknown) => {
      const { cause, remedy } = problemOf(messageOf(error), this.#facts);
      throw new UserError(`topic ${topic}`, cause, { remedy });
    });
    if (this.#failure) throw this.#failure;
    if (!batch) return null;
    if (batch.tally.deleted > 0)
      this.#log.warn(
        `topic ${topic}: '${batch.tally.deleted}' message(s) were deleted before they were read: its retention is too short for this reader`,
      );
    if (batch.tally.outsideSlack > 0) this.#sayOutside();
    this.#reach.readUpTo(batch.next);
    return {
      packets: {
        ...packetBatchOf(batch),
        origin: { positions: batch.positions, next: batch.next },
      },
      tally: batch.tally,
    };
  }

  /** Says that everything before these offsets was handled: with a group, they are committed. */
  acknowledge(offsets: readonly PartitionOffset[]): void {
    this.#native.acknowledge(offsets);
  }

  /** How far the reading is: the share of a read that has an end, else how far it is behind the end of the topic. */
  reach(): Reach {
    if (this.#hasEnds) return { share: this.#reach.share() };
    return { lagMessages: this.#reach.lag(this.#native) };
  }

  /** Ends the waiting for further packets. */
  stop(): void {
    this.#native.stop();
  }

  /** Ends the reading where the partitions have nothing more. */
  endHere(): void {
    this.#native.endHere();
  }

  /** Commits what was acknowledged, if the brokers answer soon, and leaves the group. */
  async close(): Promise<void> {
    await this.#native.close();
  }

  #sayOutside(): void {
    if (this.#saidOutside) return;
    this.#saidOutside = true;
    this.#log.warn(
      `topic ${this.#facts.topic}: some packets of the time range lay outside --slack: there may be more, which --slack all finds`,
    );
  }

  #isTheEnd({ name, fatal }: { name: string; fatal: boolean }): boolean {
    return fatal || (isRefusal(name) && !this.#isOfNoMatter(name));
  }

  /** librdkafka looks for a group's coordinator also where the group is but a name. */
  #isOfNoMatter(name: string): boolean {
    return name === 'GROUP_AUTHORIZATION_FAILED' && this.#facts.group === undefined;
  }

  #end({ name, message }: { name: string; message: string }): void {
    const { cause, remedy } = problemOf(message, this.#facts, { name });
    this.#failure ??= new UserError(`read topic ${this.#facts.topic}`, cause, { remedy });
    this.#native.stop();
  }
}

/** @param nowUs times that are much later than that, and than the window, are a wrong clock's */
function windowOf(window: TimeWindow | undefined, nowUs: number) {
  if (!window) return undefined;
  const { from, to, slackUs } = window;
  return { fromUs: from, toUs: to, slackUs, nowUs: Math.max(nowUs, to ?? 0) };
}
