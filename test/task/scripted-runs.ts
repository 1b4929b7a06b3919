import { PacketRun } from '#kcap/pipeline/packet-run.js';
import { Branch } from '#kcap/pipeline/branch.js';
import type { Scope } from '#kcap/pipeline/scope.js';
import type { OpenTaskRun, TaskRun } from '#kcap/task/task-run.js';
import type { TaskDescription } from '#kcap/task/description/task.js';

import { batchOf, numbered } from '../packet/packets.js';
import { HandWrittenSink, HandWrittenSource, type Diary } from '../pipeline/hand-written.js';

/** What becomes of an opening. */
export type Script =
  /** It fails. */
  | { readonly fails: Error }
  /** It takes until the stop, and longer where nobody looks at that. */
  | { readonly hangs: true }
  /** It runs: so many packets, then until a stop, to its end or to an error. */
  | {
      readonly packets: number;
      readonly then: 'wait' | 'end' | Error;
      /** What the sink still has to do at the end. */
      readonly onFlush?: (giveUp: AbortSignal) => Promise<void>;
    };

/** Runs that do what is written down for each opening in turn; the last script is the one for all that follow. */
export class ScriptedRuns {
  readonly diary: Diary = [];
  /** What was opened, and is not closed yet. */
  open = 0;
  readonly opened: TaskDescription[] = [];
  readonly filters: string[] = [];
  readonly #scripts: Script[];

  constructor(...scripts: Script[]) {
    this.#scripts = scripts;
  }

  readonly openRun: OpenTaskRun = async (task, scope) => {
    this.opened.push(task);
    const [script] = this.#scripts.length > 1 ? this.#scripts.splice(0, 1) : this.#scripts;
    if (!script) throw new Error('no script');
    if ('hangs' in script) return new Promise(() => undefined);
    await Promise.resolve();
    if ('fails' in script) {
      this.#own(scope);
      throw script.fails;
    }
    return this.#run(script);
  };

  /** Opens something that is closed where the rest can't be opened. */
  #own(scope: Scope): void {
    this.open++;
    scope.own({
      close: () => {
        this.open--;
      },
    });
  }

  #run({ packets, then, onFlush }: Extract<Script, { packets: number }>): TaskRun {
    const batches = packets > 0 ? [batchOf(numbered(packets))] : [];
    const source = new HandWrittenSource(this.diary, batches, {
      endless: then === 'wait',
      ...(then instanceof Error && { error: then }),
    });
    const sink = new HandWrittenSink(this.diary, onFlush ? { onFlush } : {});
    const run = new PacketRun(source, [], [new Branch({ name: 'sink', sink })]);
    this.open++;
    const close = run.close.bind(run);
    run.close = async () => {
      this.open--;
      await close();
    };
    return {
      run,
      watchdogs: [],
      autostop: { begin: () => undefined, end: () => undefined, reached: undefined },
      started: 'capturing',
      reporters: () => new Map([['sink', run.account()]]),
      setFilter: (expression) => {
        this.filters.push(expression);
        return Promise.resolve();
      },
    };
  }
}
