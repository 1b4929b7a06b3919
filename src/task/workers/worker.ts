/** The program of a worker: opens what it is told to, and runs it until it is told to stop. */
import { setMaxListeners } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { compileSipFilter, type SipFilter } from '../../language/sip-filter.js';
import type { Account } from '../../pipeline/account.js';
import { Pace } from '../../pipeline/pace.js';
import type { Run } from '../../pipeline/run.js';
import { openInScope, type Scope } from '../../pipeline/scope.js';
import { Stop } from '../../pipeline/stop.js';
import { CallExchange } from '../../sinks/call-exchange.js';
import { watchAll, type Watchdog } from '../../watchdogs/watchdog.js';
import type { CaptureShare } from '../capturing.js';
import { openDescribedRun } from '../described-run.js';
import { openSensing } from '../sensing.js';
import type { AskTopic } from '../topic-facts.js';
import { carried, received, type CarriedError } from './carried-error.js';
import { openCarriedLog, type CarriedLog } from './carried-log.js';
import { CarriedOutput } from './carried-output.js';
import type { Counted, FromWorker, ToWorker, TopicAnswer, WorkerData } from './messages.js';

/** How often it says what it has counted, where that is something. */
const COUNT_MS = 500;
const WATCH_MS = 1000;

/** What a worker has opened. */
interface Opened {
  readonly run: Run;
  readonly watchdogs: readonly Watchdog[];
  readonly reporterNames: readonly string[];
  reporters(): ReadonlyMap<string, Account>;
  setFilter(expression: string): Promise<void>;
}

class WorkerThread {
  readonly #data = workerData as WorkerData;
  readonly #stop = new Stop(this.#data.drainTimeoutMs);
  readonly #output = new CarriedOutput(post);
  readonly #pace = new Pace();
  readonly #calls = new CallExchange((notes) => {
    post({ kind: 'calls', notes });
  });
  readonly #log: CarriedLog;
  /** Lets packets come. */
  #begin: () => void = () => undefined;
  readonly #questions = new Map<number, (answer: TopicAnswer) => void>();
  #lastQuestion = 0;
  #opened: Opened | undefined;

  constructor(log: CarriedLog) {
    this.#log = log;
  }

  hear(message: ToWorker): void {
    switch (message.kind) {
      case 'join':
        void this.#open(message.groups);
        break;
      case 'begin':
        this.#begin();
        break;
      case 'run':
        void this.#run();
        break;
      case 'filter':
        void this.#setFilter(message);
        break;
      case 'stop':
        this.#stop.request();
        break;
      case 'close':
        void this.#close();
        break;
      case 'log-level':
        this.#log.use(message.level);
        break;
      case 'calls':
        this.#calls.hear(message.notes);
        break;
      case 'topic':
        this.#questions.get(message.id)?.(message.answer);
        this.#questions.delete(message.id);
        break;
      case 'written':
        this.#output.written(message.id, message.trouble);
    }
  }

  async #open(groups: readonly number[] | undefined): Promise<void> {
    const share: CaptureShare = {
      ...{ worker: this.#data.worker, groups },
      joined: (joined, interfaces) =>
        new Promise((begin) => {
          this.#begin = begin;
          post({ kind: 'joined', groups: joined, interfaces });
        }),
    };
    try {
      const { opened } = await openInScope((scope) => this.#openPlan(scope, share));
      this.#opened = opened;
      post({ kind: 'open', reporters: opened.reporterNames });
    } catch (error) {
      post({ kind: 'refused', error: carried(error) });
    }
  }

  async #openPlan(scope: Scope, share: CaptureShare): Promise<Opened> {
    const { plan } = this.#data;
    const parts = {
      ...{ stop: this.#stop, log: this.#log.log, askTopic: this.#askTopic, calls: this.#calls },
    };
    const openOutput = () => this.#output;
    if (plan.kind === 'task')
      return openDescribedRun(plan.task, scope, {
        ...{ ...plan, ...parts, share, pace: this.#pace, openConsole: openOutput },
      });
    const { packets, filters: texts, ...options } = plan.options;
    const filters: SipFilter[] = [];
    for (const text of texts) filters.push(await compileSipFilter(text));
    const shared = { ...packets, options: { ...packets.options, share } };
    const opened = await openSensing({ ...options, filters, packets: shared }, scope, {
      ...{ ...parts, openOutput, ranges: [] },
    });
    return {
      ...opened,
      reporters: () => opened.run.account().messages?.reporters ?? new Map(),
      setFilter: () => Promise.reject(new Error('no filter of a sensor changes')),
    };
  }

  readonly #askTopic: AskTopic = async (facts) => {
    const id = ++this.#lastQuestion;
    const answer = await new Promise<TopicAnswer>((resolve) => {
      this.#questions.set(id, resolve);
      post({ kind: 'ask-topic', id, facts });
    });
    if ('error' in answer) throw received(answer.error);
    return answer.facts;
  };

  async #run(): Promise<void> {
    const opened = this.#opened;
    if (!opened) throw new Error('nothing is open');
    const { run } = opened;
    const look = watchAll(opened.watchdogs);
    let before = '';
    const counting = setInterval(() => {
      const now = numbersOf(run.account());
      if (now !== before) post({ kind: 'counted', counted: this.#counted(opened) });
      before = now;
    }, COUNT_MS);
    const watching = setInterval(() => {
      if (opened.watchdogs.length > 0) look(run.account());
    }, WATCH_MS);
    let failure: { readonly error: CarriedError } | undefined;
    try {
      await run.run(this.#stop);
    } catch (error) {
      failure = { error: carried(error) };
    } finally {
      clearInterval(counting);
      clearInterval(watching);
    }
    post({ kind: 'ended', counted: this.#counted(opened), failure });
  }

  #counted(opened: Opened): Counted {
    const account = opened.run.account();
    return { account, reporters: opened.reporters(), measured: this.#pace.take() };
  }

  async #setFilter({ id, expression }: Extract<ToWorker, { kind: 'filter' }>): Promise<void> {
    let failure: { readonly error: CarriedError } | undefined;
    try {
      await this.#opened?.setFilter(expression);
    } catch (error) {
      failure = { error: carried(error) };
    }
    post({ kind: 'filtered', id, failure });
  }

  async #close(): Promise<void> {
    this.#stop.request();
    try {
      await this.#opened?.run.close();
    } finally {
      post({ kind: 'closed' });
    }
  }
}

/** All that changes while packets come or go out. */
function numbersOf({ in: taken, out, outcomes, beside, messages, branches }: Account): string {
  const parts = [...(branches?.values() ?? []), ...(messages?.reporters.values() ?? [])];
  const ended = [...outcomes.values()].map(({ packets }) => packets);
  return [taken.packets, out.packets, ...ended, ...Object.values(beside)]
    .concat(messages ? [messages.notSip, messages.malformed, messages.reassemblyTimeouts] : [])
    .join(' ')
    .concat(...parts.map((part) => `|${numbersOf(part)}`));
}

function post(message: FromWorker, transferred: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transferred);
}

// As in src/main.ts.
setMaxListeners(0);
const { logLevel } = workerData as WorkerData;
const log = await openCarriedLog(logLevel, (record) => {
  post({ kind: 'log', record });
});
const thread = new WorkerThread(log);
parentPort?.on('message', (message: ToWorker) => {
  thread.hear(message);
});
