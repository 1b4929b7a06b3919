import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { messageOf, UserError } from '../../errors/user-error.js';
import type { ClientFacts } from '../../kafka/client-facts.js';
import { carried, received, type CarriedError } from './carried-error.js';
import type { CallNote } from '../../sinks/call-exchange.js';
import type { AskTopic } from '../topic-facts.js';
import { logAgain } from './carried-log.js';
import type { CommonOutput } from './carried-output.js';
import type { Counted, FromWorker, ToWorker, TopicAnswer, WorkerData } from './messages.js';

/** What captures of the interfaces have joined, in the order of the interfaces. */
export type Joined = Omit<Extract<FromWorker, { readonly kind: 'joined' }>, 'kind'>;

/** What something failed with; undefined where it has not. */
export type Failure = { readonly error: unknown } | undefined;

export interface WorkerOptions extends WorkerData {
  readonly log: Logger;
  /** What all workers write to, where they do. */
  readonly output: CommonOutput | undefined;
  readonly askTopic: AskTopic;
  readonly onCounted: (counted: Counted) => void;
  /** It has something to say to the other workers. */
  readonly onCalls: (notes: readonly CallNote[]) => void;
}

/** How long a worker may take to close what it has. */
const CLOSE_LIMIT_MS = 4000;

/** A worker thread, as its parent sees it. */
export class WorkerHandle {
  readonly #options: WorkerOptions;
  readonly #worker: Worker;
  readonly #joined = new Awaited<Joined>();
  readonly #opened = new Awaited<readonly string[]>();
  readonly #ended = new Awaited<Failure>();
  readonly #closed = new Awaited<undefined>();
  readonly #filters = new Map<number, Awaited<Failure>>();
  #logLevel: string;
  #lastFilter = 0;

  constructor(options: WorkerOptions) {
    const { worker, plan, drainTimeoutMs, logLevel } = options;
    this.#options = options;
    this.#logLevel = logLevel;
    const data: WorkerData = { worker, plan, drainTimeoutMs, logLevel };
    this.#worker = new Worker(createRequire(import.meta.url).resolve('#worker'), {
      ...{ workerData: data, name: `kcap worker ${worker}` },
    });
    this.#worker.on('message', (message: FromWorker) => {
      this.#hear(message);
    });
    this.#worker.on('error', (error) => {
      this.#die(error);
    });
    this.#worker.on('exit', () => {
      this.#die(undefined);
    });
  }

  /** Opens its captures, which resolves once they have joined those of these groups. Throws what is in the way. */
  join(groups: readonly number[] | undefined): Promise<Joined> {
    this.#tell({ kind: 'join', groups });
    return this.#joined.promise;
  }

  /** Lets packets come, and opens the rest. The names of its reporters. Throws what is in the way. */
  begin(): Promise<readonly string[]> {
    this.#tell({ kind: 'begin' });
    return this.#opened.promise;
  }

  /** Moves packets, until it is stopped or can't go on. What it failed with. */
  run(): Promise<Failure> {
    this.#tell({ kind: 'run' });
    return this.#ended.promise;
  }

  /** From now on the drain timeout runs. */
  stop(): void {
    this.#tell({ kind: 'stop' });
  }

  /** Takes the packets that match another pcap-filter expression. */
  async setFilter(expression: string): Promise<void> {
    const id = ++this.#lastFilter;
    const set = new Awaited<Failure>();
    this.#filters.set(id, set);
    this.#tell({ kind: 'filter', id, expression });
    const failure = await set.promise;
    this.#filters.delete(id);
    if (failure) throw failure.error;
  }

  /** Another worker has learnt this of calls. */
  learn(notes: readonly CallNote[]): void {
    this.#tell({ kind: 'calls', notes });
  }

  /** Has it log as this thread does now: a log's level may change while it is used. */
  followLogLevel(): void {
    const { level } = this.#options.log;
    if (level === this.#logLevel) return;
    this.#logLevel = level;
    this.#tell({ kind: 'log-level', level });
  }

  /** Closes what it has, and ends it. */
  async close(): Promise<void> {
    this.#tell({ kind: 'close' });
    const limit = setTimeout(() => {
      this.#closed.resolve(undefined);
    }, CLOSE_LIMIT_MS);
    await this.#closed.promise;
    clearTimeout(limit);
    await this.#worker.terminate();
  }

  /** Nobody waits for it any longer: if it still runs, it is ended as it stands. */
  giveUp(): void {
    if (this.#ended.isSettled) return;
    const { worker, log } = this.#options;
    log.warn(`worker ${worker} does not stop, and is ended as it stands`);
    void this.#worker.terminate();
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'joined':
        this.#joined.resolve(message);
        break;
      case 'open':
        this.#opened.resolve(message.reporters);
        break;
      case 'refused':
        this.#refuse(received(message.error));
        break;
      case 'counted':
        this.#options.onCounted(message.counted);
        break;
      case 'ended':
        this.#options.onCounted(message.counted);
        this.#ended.resolve(failureOf(message.failure));
        break;
      case 'closed':
        this.#closed.resolve(undefined);
        break;
      case 'filtered':
        this.#filters.get(message.id)?.resolve(failureOf(message.failure));
        break;
      case 'calls':
        this.#options.onCalls(message.notes);
        break;
      case 'ask-topic':
        void this.#askTopic(message.id, message.facts);
        break;
      case 'log':
        logAgain(message.record, this.#options.log);
        break;
      case 'write':
        void this.#write(message.id, message.bytes);
    }
  }

  async #askTopic(id: number, facts: ClientFacts): Promise<void> {
    const { askTopic, log } = this.#options;
    const answer = await askTopic(facts, log).then(
      (found): TopicAnswer => ({ facts: found }),
      (error: unknown): TopicAnswer => ({ error: carried(error) }),
    );
    this.#tell({ kind: 'topic', id, answer });
  }

  async #write(id: number, bytes: Uint8Array): Promise<void> {
    const trouble = await this.#options.output?.write(bytes);
    this.#tell({ kind: 'written', id, trouble });
  }

  #refuse(error: unknown): void {
    this.#joined.reject(error);
    this.#opened.reject(error);
  }

  /** Nobody waits for it any longer. What it had taken and not counted yet is unknown. */
  #die(error: unknown): void {
    const { worker, log } = this.#options;
    if (error !== undefined && !this.#ended.isSettled && !this.#closed.isSettled)
      log.error({ event: 'bug', err: error }, `a bug in kcap: ${messageOf(error)}`);
    const cause =
      error === undefined ? 'its thread has ended' : `a bug in kcap: ${messageOf(error)}`;
    const death = new UserError(`worker ${worker}`, cause);
    this.#refuse(death);
    this.#ended.resolve({ error: death });
    this.#closed.resolve(undefined);
    for (const filter of this.#filters.values()) filter.resolve({ error: death });
  }
}

function failureOf(failure: { readonly error: CarriedError } | undefined): Failure {
  return failure && { error: received(failure.error) };
}

/** Something that is waited for, and comes once. */
class Awaited<Value> {
  readonly promise: Promise<Value>;
  isSettled = false;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: unknown) => void;

  constructor() {
    let resolvers: [(value: Value) => void, (error: unknown) => void] | undefined;
    this.promise = new Promise<Value>((resolve, reject) => {
      resolvers = [resolve, reject];
    });
    // It may fail before anybody asks.
    this.promise.catch(() => undefined);
    if (!resolvers) throw new Error('a promise calls back at once');
    [this.#resolve, this.#reject] = resolvers;
  }

  resolve(value: Value): void {
    this.isSettled = true;
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.isSettled = true;
    this.#reject(error);
  }
}
