import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { PacketBatch } from '../packet/packet-batch.js';
import type { Reach } from '../packet/reach.js';
import { inSequence, type Account } from './account.js';
import type { Branch } from './branch.js';
import type { Source, Stage } from './contracts.js';
import { Stopped, throughStages } from './stage-sequence.js';
import type { Pace } from './pace.js';
import type { Run } from './run.js';
import type { Stop } from './stop.js';

/** The way from a source through stages into one end or several, and the account of what went along it. */
export class PacketRun implements Run {
  readonly #source: Source;
  readonly #stages: readonly Stage[];
  readonly #branches: readonly [Branch, ...(readonly Branch[])];
  readonly #names: readonly string[];
  readonly #pace: Pace | undefined;
  readonly #startedAtMs = performance.now();

  /**
   * @param stages that all packets go through
   * @param branches the first is what the run is for: its account is the run's
   * @param pace measures batches, where somebody wants to know
   */
  constructor(
    source: Source,
    stages: readonly Stage[],
    branches: readonly [Branch, ...(readonly Branch[])],
    pace?: Pace,
  ) {
    this.#source = source;
    this.#stages = stages;
    this.#branches = branches;
    this.#pace = pace;
    this.#names = distinct(branches.map(({ name }) => name));
  }

  /**
   * Moves packets until the source ends, a stage is finished, all branches have ended or a stop is requested. Throws
   * what failed first.
   */
  async run(stop: Stop): Promise<void> {
    const endWithBranches = () => {
      if (this.#branches.every(({ ended }) => ended)) stop.finish();
    };
    for (const branch of this.#branches) branch.onEnd(endWithBranches);
    // Some may have failed since they were opened.
    endWithBranches();
    const failure = await failureOf(this.#moveAll(stop));
    const first = failure ?? this.#branches.find((branch) => branch.failure)?.failure;
    await Promise.all(this.#branches.map((branch) => branch.flush(stop.giveUp)));
    stop.clear();
    const failed = first ?? this.#branches.find((branch) => branch.failure)?.failure;
    if (failed) throw failed.error;
  }

  get durationMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** The run's account: of the first branch, and of all that came before it. Where there are more, each has its own, too. */
  account(): Account {
    const before = [this.#source.account(), ...this.#stages.map((stage) => stage.account())];
    const first = this.#branches[0].account();
    const whole = inSequence(before, first);
    if (this.#branches.length === 1) return whole;
    const accounts = this.#names.map((name, index) => {
      const branch = this.#branches[index];
      return [name, index === 0 || !branch ? first : branch.account()] as const;
    });
    return { ...whole, branches: new Map(accounts) };
  }

  /** How far its source has come. */
  reach(): Reach {
    return this.#source.reach?.() ?? {};
  }

  async close(): Promise<void> {
    try {
      await this.#source.close();
    } finally {
      await Promise.all(this.#branches.map((branch) => branch.close()));
    }
  }

  async #moveAll(stop: Stop): Promise<void> {
    for await (const batch of this.#source.batches(stop.requested, stop.giveUp)) {
      const sinceMs = performance.now();
      const passed = await throughStages(this.#stages, batch, stop.requested);
      this.#pace?.took('process', sinceMs);
      await this.#giveToAll(passed, stop);
      // Where batches come at once and nobody waits, all else would have to: what went out, timers and signals.
      await eventLoopTurn();
      if (this.#branches.every(({ ended }) => ended)) return;
      if (this.#stages.some((stage) => stage.finished)) {
        stop.finish();
        return;
      }
    }
  }

  /** Acknowledges what every branch that goes on has dealt with, or the last ones have that end here. */
  async #giveToAll(batch: PacketBatch, stop: Stop): Promise<void> {
    const living = this.#branches.filter(({ ended }) => !ended);
    const given = living.length > 1 ? { ...batch, shared: true } : batch;
    const sinceMs = performance.now();
    const taken = await Promise.all(living.map((branch) => branch.take(given, stop)));
    this.#pace?.took('report', sinceMs);
    const goesOn = taken.filter((_, index) => living[index]?.ended === false);
    if (goesOn.length > 0 && goesOn.length < this.#branches.length)
      for (const branch of this.#branches) branch.miss(living.includes(branch) ? undefined : batch);
    const [least] = (goesOn.length > 0 ? goesOn : taken).toSorted((a, b) => a.count - b.count);
    if (least?.origin && least.origin.next.length > 0) this.#source.acknowledge?.(least.origin);
  }
}

/** What the work failed with; a stop is no failure. */
async function failureOf(work: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Stopped)) return { error };
  }
  return undefined;
}

/** The names, told apart where some are equal. */
function distinct(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name} (${before + 1})`;
  });
}
