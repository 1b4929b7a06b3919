import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Throttle } from '../errors/throttle.js';
import { messageOf, UserError } from '../errors/user-error.js';
import { groupMembers, type GroupMember } from '../kafka/group-members.js';
import type { Properties } from '../kafka/properties.js';
import { sessionMs, ValueReader } from '../kafka/value-reader.js';
import { AnswerTopic } from './answer-topic.js';
import type { CommandCounts } from './command-counts.js';
import type { CommandTopic } from './command-topic.js';
import { giveWay } from './give-way.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** How often the same trouble with answers is said. */
const REPEAT_AFTER_MS = 10_000;
/** How often it is looked whether a member that was there is still there. */
const LOOK_AGAIN_MS = 500;
/** How long a member may take to be in its group. */
const JOINED_AFTER_MS = 3_000;

export interface KafkaChannelOptions {
  readonly topic: string;
  /** Undefined: nothing is answered. */
  readonly responseTopic: string | undefined;
  readonly group: string;
  /** Where commands are taken from that were sent before the group was there. */
  readonly uncommitted: 'earliest' | 'latest';
  readonly properties: Properties;
  /** This host's name. */
  readonly host: string;
}

export interface KafkaChannelParts {
  readonly commands: CommandTopic;
  readonly counts: CommandCounts;
  readonly log: Logger;
}

/**
 * Takes commands from a topic and answers on another one, until it is closed. Brokers may go away and come back: it
 * tries again for as long as that takes. Each agent has a group of its own, so that each sees all commands.
 */
export class KafkaChannel {
  readonly #options: KafkaChannelOptions;
  readonly #parts: KafkaChannelParts;
  readonly #closing = new AbortController();
  readonly #throttle = new Throttle(REPEAT_AFTER_MS);
  /** Who this is among the members of its group. */
  readonly #clientId: string;
  #reader: ValueReader | undefined;
  #answers: AnswerTopic | undefined;
  #problem: string | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: KafkaChannelOptions, parts: KafkaChannelParts) {
    this.#options = options;
    this.#parts = parts;
    const id = options.properties.get('client.id') ?? 'kcap';
    this.#clientId = `${id}-${options.host}-${process.pid}-${Date.now().toString(36)}`;
  }

  /**
   * Tries once to begin: throws a UserError for what is configured wrongly, such as a group that another agent has. Where
   * the brokers are away or refuse, it tries again in the background.
   */
  static async open(options: KafkaChannelOptions, parts: KafkaChannelParts): Promise<KafkaChannel> {
    const channel = new KafkaChannel(options, parts);
    let failure: unknown;
    try {
      await channel.#begin();
    } catch (error) {
      if (isForGood(error)) {
        await channel.#closeAnswers(0);
        throw error;
      }
      failure = error;
    }
    channel.#running = channel.#run(failure);
    return channel;
  }

  /** Why no commands come at present; undefined where they do. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes no more commands; answers under way are waited for, for so long at most. */
  async close(limitMs: number): Promise<void> {
    this.#closing.abort();
    this.#reader?.stop();
    await this.#running;
    await this.#closeAnswers(limitMs);
  }

  async #closeAnswers(limitMs: number): Promise<void> {
    const answers = this.#answers;
    this.#answers = undefined;
    await answers?.close(limitMs);
  }

  async #begin(): Promise<void> {
    const { topic, responseTopic, group, uncommitted, properties } = this.#options;
    const { log } = this.#parts;
    const own = new Map([...properties, ['client.id', this.#clientId]]);
    await this.#requireOwnGroup();
    if (responseTopic !== undefined)
      this.#answers ??= await AnswerTopic.open(responseTopic, own, log);
    const there = () => {
      this.#problem = undefined;
      log.info({ event: 'command-channel' }, `commands come from topic ${topic}, group ${group}`);
    };
    this.#reader = await ValueReader.open({ topic, group, uncommitted, properties: own }, log, {
      onAway: () => {
        this.#say(new Error('no broker can be reached'));
      },
      onBack: there,
    });
    there();
  }

  /** @param failure of the first try */
  async #run(failure: unknown): Promise<void> {
    const { signal } = this.#closing;
    let pauseMs = FIRST_PAUSE_MS;
    let problem = failure;
    while (!signal.aborted) {
      if (problem !== undefined) {
        this.#say(problem);
        await pause(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
      problem = await this.#tryOnce(() => (pauseMs = FIRST_PAUSE_MS));
    }
  }

  /** Takes commands until it is closed, or until that goes no further: what the problem is then. */
  async #tryOnce(onOpen: () => void): Promise<unknown> {
    try {
      if (this.#closing.signal.aborted) return undefined;
      if (!this.#reader) await this.#begin();
      onOpen();
      await this.#takeCommands();
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await this.#reader?.close();
      this.#reader = undefined;
      if (this.#answers?.failure) await this.#closeAnswers(0);
    }
  }

  async #takeCommands(): Promise<void> {
    const { commands, counts } = this.#parts;
    const reader = this.#reader;
    if (!reader) return;
    const alone = this.#lookForOthers(reader);
    if (this.#closing.signal.aborted) reader.stop();
    for (let messages; (messages = await reader.next()) !== null;) {
      if (messages.nullValues > 0) counts.add('kafka', '', 'rubbish', messages.nullValues);
      for (const { value, timestampMs } of messages.values) {
        await giveWay();
        const answer = await commands.take(value, { sentAtMs: timestampMs, nowMs: Date.now() });
        if (answer !== undefined) this.#answer(answer);
      }
      // The values are gone with the next batch, and so is what they asked for.
      reader.acknowledge(messages.next);
    }
    const other = await alone;
    if (other) throw other;
  }

  #answer(answer: string): void {
    const { log } = this.#parts;
    if (this.#answers?.failure) throw this.#answers.failure;
    if (this.#answers?.send(this.#options.host, answer) === false && this.#throttle.admits('lost'))
      log.warn('command channel: answers are lost, since too many wait for the brokers');
  }

  /** Throws where somebody else has this group. A member that has died without a word counts for as long as a session. */
  async #requireOwnGroup(): Promise<void> {
    const { group, properties } = this.#options;
    const until = performance.now() + sessionMs(properties) + JOINED_AFTER_MS;
    for (;;) {
      const members = await groupMembers(properties, group);
      const other = members?.find(({ clientId }) => clientId !== this.#clientId);
      if (!other) return;
      if (performance.now() > until) throw sharedGroup(group, other);
      await pause(LOOK_AGAIN_MS, undefined, { signal: this.#closing.signal });
    }
  }

  /** Two that began at the same time have not seen each other: the one that comes first in the alphabet stays. */
  async #lookForOthers(reader: ValueReader): Promise<UserError | undefined> {
    const { group, properties } = this.#options;
    try {
      await pause(JOINED_AFTER_MS, undefined, { signal: this.#closing.signal });
      const members = await groupMembers(properties, group);
      const first = members?.find(({ clientId }) => clientId < this.#clientId);
      if (!first || this.#reader !== reader) return undefined;
      reader.stop();
      return sharedGroup(group, first);
    } catch {
      // Closed, or nobody answers: then it is not known to be shared.
      return undefined;
    }
  }

  #say(error: unknown): void {
    const problem = messageOf(error);
    if (problem === this.#problem) return;
    this.#problem = problem;
    const remedy = error instanceof UserError && error.remedy ? `; ${error.remedy}` : '';
    this.#parts.log.error(
      { event: 'command-channel' },
      `command channel: ${problem}${remedy}; trying again until it works`,
    );
  }
}

function isForGood(error: unknown): boolean {
  return !(error instanceof UserError) || error.exitStatus === 2 || error instanceof SharedGroup;
}

/** Each agent needs all commands, and members of a group share them. */
class SharedGroup extends UserError {}

function sharedGroup(group: string, { clientId, host }: GroupMember): SharedGroup {
  return new SharedGroup(
    `command_channel.kafka.group_id ${group}`,
    `${clientId} at ${host} reads commands with it already`,
    { remedy: 'give each agent a group of its own, or leave it out: it is kcap-HOST then' },
  );
}
