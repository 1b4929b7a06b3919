import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { messageOf, UserError } from '../errors/user-error.js';
import type { CommandCounts } from './command-counts.js';
import { longestValidity } from './command-message.js';
import { CommandTopic, type CommandHandler } from './command-topic.js';
import type { AgentConfiguration } from './configuration/configuration.js';
import { HttpServer, type HttpPages } from './http.js';
import { KafkaChannel } from './kafka-channel.js';
import { Metrics } from './metrics.js';
import type { Measured } from './metric-definitions.js';
import { RequestJournal } from './request-journal.js';
import { RequestMemory } from './request-memory.js';

/** How long answers may take to go out at the end. */
const CLOSE_MS = 3_000;
const JOURNAL = 'kafka-requests.jsonl';

/** The agent as others see it. */
export interface Served {
  readonly commands: CommandHandler;
  readonly counts: CommandCounts;
  measure(): Measured;
  notReady(): readonly string[];
}

/** What others can reach of an agent over the network: its metrics, its health, its commands. */
export class Services {
  readonly #served: Served;
  readonly #log: Logger;
  readonly #requests: RequestMemory;
  readonly #journal: RequestJournal | undefined;
  #configuration: AgentConfiguration;
  #http: HttpServer | undefined;
  #metrics: Metrics;
  #channel: KafkaChannel | undefined;

  private constructor(configuration: AgentConfiguration, served: Served, log: Logger) {
    const { dataDir, taskPersistence, commandChannel, metrics } = configuration;
    this.#configuration = configuration;
    this.#served = served;
    this.#log = log;
    this.#metrics = new Metrics(metrics.prefix, () => served.measure());
    const keeps = taskPersistence.enabled && commandChannel !== undefined;
    this.#journal = keeps ? RequestJournal.open(path.join(dataDir, JOURNAL), log) : undefined;
    const keepMs = longestValidity(commandChannel?.commandTtlMs ?? 0);
    this.#requests = new RequestMemory({ keepMs, journal: this.#journal });
  }

  /** Throws a UserError for what can't work as it is configured, such as a port that is taken. */
  static async open(
    configuration: AgentConfiguration,
    served: Served,
    log: Logger,
  ): Promise<Services> {
    const services = new Services(configuration, served, log);
    try {
      services.#http = await services.#openHttp(configuration.metrics);
      services.#channel = await services.#openChannel(configuration);
      return services;
    } catch (error) {
      await services.close();
      throw error;
    }
  }

  /** Why no commands come over Kafka at present; undefined where they do, or are not wanted. */
  get channelProblem(): string | undefined {
    return this.#channel?.problem;
  }

  /**
   * Goes on as this configuration says. Throws a UserError, and changes nothing, where it can't listen there. Trouble with
   * Kafka is logged only: the channel to it tries again.
   */
  async change(next: AgentConfiguration): Promise<void> {
    const before = this.#configuration;
    await this.#changeHttp(before.metrics, next.metrics);
    this.#configuration = next;
    if (isDeepStrictEqual(before.commandChannel, next.commandChannel)) return;
    await this.#channel?.close(CLOSE_MS);
    this.#channel = undefined;
    this.#requests.keepFor(longestValidity(next.commandChannel?.commandTtlMs ?? 0));
    try {
      this.#channel = await this.#openChannel(next);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#log.error(`command channel: ${messageOf(error)}; no commands come over Kafka`);
    }
  }

  /** Answers that are under way go out first, if that works soon. */
  async close(): Promise<void> {
    await this.#channel?.close(CLOSE_MS);
    await this.#http?.close();
    this.#journal?.close();
  }

  async #changeHttp(
    before: AgentConfiguration['metrics'],
    next: AgentConfiguration['metrics'],
  ): Promise<void> {
    const moves = before.enabled !== next.enabled || !isDeepStrictEqual(before.listen, next.listen);
    // Before anything else is changed: somebody may listen there already.
    const opened = moves ? await this.#openHttp(next) : this.#http;
    if (before.prefix !== next.prefix)
      this.#metrics = new Metrics(next.prefix, () => this.#served.measure());
    if (opened !== this.#http) await this.#http?.close();
    this.#http = opened;
    opened?.setMetricsPath(next.path);
  }

  async #openHttp({
    enabled,
    listen,
    path: metricsPath,
  }: AgentConfiguration['metrics']): Promise<HttpServer | undefined> {
    if (!enabled) return undefined;
    const pages: HttpPages = {
      metrics: () => this.#metrics.read(),
      notReady: () => this.#served.notReady(),
    };
    return HttpServer.open(listen, { metricsPath, pages, log: this.#log });
  }

  async #openChannel({
    commandChannel: channel,
    node: { hostname: host },
  }: AgentConfiguration): Promise<KafkaChannel | undefined> {
    if (!channel) return undefined;
    const { topic, responseTopic, group, properties } = channel;
    const { commands: handler, counts } = this.#served;
    const options = { host, ttlMs: channel.commandTtlMs };
    const commands = new CommandTopic(options, { handler, requests: this.#requests, counts });
    return KafkaChannel.open(
      { topic, responseTopic, group, properties, host, uncommitted: channel.autoOffsetReset },
      { commands, counts, log: this.#log },
    );
  }
}
