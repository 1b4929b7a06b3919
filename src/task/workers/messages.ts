import type { ClientFacts } from '../../kafka/client-facts.js';
import type { Account } from '../../pipeline/account.js';
import type { Measured } from '../../pipeline/pace.js';
import type { CallNote } from '../../sinks/call-exchange.js';
import type { RunParts } from '../described-run.js';
import type { TaskDescription } from '../description/task.js';
import type { PacketsFrom, SensingOptions } from '../sensing.js';
import type { TopicFacts } from '../topic-facts.js';
import type { CarriedError } from './carried-error.js';

/** What a worker is to open, a task's run or a sensor's, in a form that can be sent to it. */
export type WorkerPlan =
  | ({
      readonly kind: 'task';
      readonly task: TaskDescription;
    } & Pick<RunParts, 'defaults' | 'who' | 'spoolFolder' | 'application'>)
  | { readonly kind: 'sip'; readonly options: LiveSensing };

/** A sensor's options, in a form that can be sent to another thread. */
export type LiveSensing = Omit<SensingOptions, 'filters' | 'packets'> & {
  /** As they were written. */
  readonly filters: readonly string[];
  readonly packets: Extract<PacketsFrom, { readonly kind: 'capture' }>;
};

/** What a worker is made with. */
export interface WorkerData {
  /** From 1 on. */
  readonly worker: number;
  readonly plan: WorkerPlan;
  /** How long a stop waits for what was taken. */
  readonly drainTimeoutMs: number;
  readonly logLevel: string;
}

/** What a worker has done until now. */
export interface Counted {
  readonly account: Account;
  readonly reporters: ReadonlyMap<string, Account>;
  /** Since the last time. */
  readonly measured: Measured;
}

/** What the parent tells a worker. */
export type ToWorker =
  /** Open the captures. @param groups that others have joined; undefined for the first */
  | { readonly kind: 'join'; readonly groups: readonly number[] | undefined }
  /** All have joined: packets may come. */
  | { readonly kind: 'begin' }
  /** All is open everywhere. */
  | { readonly kind: 'run' }
  | { readonly kind: 'filter'; readonly id: number; readonly expression: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'close' }
  | { readonly kind: 'log-level'; readonly level: string }
  | { readonly kind: 'calls'; readonly notes: readonly CallNote[] }
  | { readonly kind: 'topic'; readonly id: number; readonly answer: TopicAnswer }
  | { readonly kind: 'written'; readonly id: number; readonly trouble: WriteTrouble | undefined };

/** What the brokers say of a topic. */
export type TopicAnswer = { readonly facts: TopicFacts } | { readonly error: CarriedError };

/** Why bytes of an output were not written. */
export interface WriteTrouble {
  readonly bytesWritten: number;
  readonly isGivenUp?: boolean;
  /** Where it is no reader that has left, or was too slow. */
  readonly failure?: { readonly output: string; readonly message: string; readonly code?: string };
}

/** What a worker tells its parent. */
export type FromWorker =
  | {
      readonly kind: 'joined';
      readonly groups: readonly number[];
      readonly interfaces: readonly string[];
    }
  | { readonly kind: 'open'; readonly reporters: readonly string[] }
  /** It can't be opened. */
  | { readonly kind: 'refused'; readonly error: CarriedError }
  | { readonly kind: 'counted'; readonly counted: Counted }
  /** The last word of what it has counted. */
  | {
      readonly kind: 'ended';
      readonly counted: Counted;
      readonly failure: { readonly error: CarriedError } | undefined;
    }
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'filtered';
      readonly id: number;
      readonly failure: { readonly error: CarriedError } | undefined;
    }
  /** For the other workers. */
  | { readonly kind: 'calls'; readonly notes: readonly CallNote[] }
  /** Asks the brokers: node-rdkafka, which can, is only for one thread of a process. */
  | { readonly kind: 'ask-topic'; readonly id: number; readonly facts: ClientFacts }
  /** A record of the log, a line of JSON. */
  | { readonly kind: 'log'; readonly record: string }
  /** Bytes for the output that all workers have in common. */
  | { readonly kind: 'write'; readonly id: number; readonly bytes: Uint8Array };
