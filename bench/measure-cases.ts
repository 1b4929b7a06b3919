import { writeFile } from 'node:fs/promises';

import type { Case } from './cases.js';
import { type Contender, isKcap } from './contenders.js';
import { type Mode, startupCpu } from './jobs/startup.js';
import type { Options } from './options.js';
import { plot } from './report/plot.js';
import {
  type CaseResult,
  type Results,
  type StartupCpu,
  compare,
  modeOf,
} from './report/results.js';
import { spread } from './report/statistics.js';
import { showCase, showStartup } from './report/table.js';
import { busyShare, describeMachine } from './rig/machine.js';
import { runCase } from './rounds.js';
import type { Run } from './run.js';
import type { Session } from './session.js';

const USUAL_ROUNDS = 3;

/** Measures the cases, shows each when it is done, and writes the files asked for, also when it is ended early. */
export async function measureCases(session: Session, options: Options): Promise<void> {
  const startup = await measureStartup(session, options);
  console.log(showStartup(startup));
  const cases: CaseResult[] = [];
  try {
    for (const spec of options.cases) {
      const runs: Run[] = [];
      const busyBefore = await busyShare();
      const contenders = options.contenders.filter((name) => takesPart(spec, name));
      const rounds = options.rounds ?? (spec.kind === 'soak' ? 1 : USUAL_ROUNDS);
      try {
        await runCase(session, spec, { contenders, rounds, onRun: (run) => runs.push(run) });
      } finally {
        const result = compare(spec, runs, { busyBefore, startup });
        if (runs.length > 0) cases.push(result);
        console.log(showCase(result));
        if (runs.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
      }
    }
  } finally {
    const results: Results = {
      version: 1,
      date: new Date().toISOString(),
      machine: describeMachine(),
      properties: Object.fromEntries(options.properties),
      startupCpuSeconds: startup,
      cases,
    };
    if (options.json !== undefined)
      await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
    if (options.svg !== undefined) await writeFile(options.svg, plot(results));
  }
}

async function measureStartup(session: Session, options: Options): Promise<StartupCpu> {
  const measured: Record<Mode, StartupCpu[Mode]> = { send: {}, read: {} };
  for (const mode of ['send', 'read'] as const) {
    const specs = options.cases.filter((spec) => modeOf(spec) === mode);
    for (const contender of options.contenders) {
      if (!specs.some((spec) => takesPart(spec, contender))) continue;
      const over = spread(await startups(session, contender, mode));
      if (over) measured[mode][contender] = over;
    }
  }
  return measured;
}

async function startups(session: Session, contender: Contender, mode: Mode): Promise<number[]> {
  const seconds: number[] = [];
  for (let round = 0; round < USUAL_ROUNDS; round++) {
    try {
      seconds.push(await startupCpu(session, contender, mode));
    } catch (error) {
      session.signal.throwIfAborted();
      console.error(error);
      process.exitCode = 1;
    }
  }
  return seconds;
}

function takesPart({ contenders, kind }: Case, contender: Contender): boolean {
  // These are of parts of this checkout.
  if (contender === 'before' && (kind === 'print' || kind === 'spool')) return false;
  return contenders.includes(isKcap(contender) ? 'kcap' : contender);
}
