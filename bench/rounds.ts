import type { Case } from './cases.js';
import type { Contender } from './contenders.js';
import { captureTurn } from './jobs/capture.js';
import { fileTurn } from './jobs/file.js';
import { latencyTurn } from './jobs/latency.js';
import { printTurn } from './jobs/print.js';
import { type FilledTopics, filledTopics, readTurn } from './jobs/read.js';
import { sipTurn } from './jobs/sip.js';
import { soakTurn } from './jobs/soak.js';
import { spoolTurn } from './jobs/spool.js';
import { startTurn } from './jobs/start.js';
import { inScope, type Scope } from './rig/scope.js';
import type { Run, Turn } from './run.js';
import type { Session } from './session.js';

/** Kinds of cases after which kcap has one more turn, in which its event loop is watched. */
const PROBED: readonly Case['kind'][] = ['capture', 'file', 'read'];

/**
 * Measures a case: the contenders take turns (A B C D, A B C D, ...), so that all meet the same times. Each run is
 * given away as soon as there is one.
 */
export async function runCase(
  session: Session,
  spec: Case,
  {
    contenders,
    rounds,
    onRun,
  }: {
    readonly contenders: readonly Contender[];
    readonly rounds: number;
    readonly onRun: (run: Run) => void;
  },
): Promise<void> {
  await inScope(async (scope) => {
    const topics = spec.kind === 'read' ? await filledTopics(session, scope, spec) : undefined;
    const take = async (contender: Contender, round: number, probed: boolean): Promise<void> => {
      session.signal.throwIfAborted();
      const what = probed ? 'with the probe' : `round ${round} of ${rounds}`;
      showProgress(`${spec.name}: ${what}, ${contender} `);
      const turn = await turnOrFailure({ ...session, probed }, spec, contender, topics);
      onRun({ ...turn, round, probed });
    };
    for (let round = 1; round <= rounds; round++)
      for (const contender of contenders) await take(contender, round, false);
    if (PROBED.includes(spec.kind) && contenders.includes('kcap'))
      await take('kcap', rounds + 1, true);
  }).finally(() => {
    showProgress('');
  });
}

/** A contender that fails is a result, too, and does not end the others' turns. */
async function turnOrFailure(
  session: Session,
  spec: Case,
  contender: Contender,
  topics: FilledTopics | undefined,
): Promise<Turn> {
  try {
    return await inScope((scope) => takeTurn(session, scope, spec, contender, topics));
  } catch (error) {
    if (session.signal.aborted) throw error;
    return { contender, failure: String(error) };
  }
}

function takeTurn(
  session: Session,
  scope: Scope,
  spec: Case,
  contender: Contender,
  topics: FilledTopics | undefined,
): Promise<Turn> {
  switch (spec.kind) {
    case 'capture':
      return captureTurn(session, scope, spec, contender);
    case 'spool':
      return spoolTurn(session, scope, spec);
    case 'file':
      return fileTurn(session, scope, spec, contender);
    case 'read':
      if (!topics) throw new Error('There is no topic to read');
      return readTurn(session, scope, spec, contender, topics);
    case 'print':
      return printTurn(session, scope, spec, contender);
    case 'latency':
      return latencyTurn(session, scope, spec, contender);
    case 'start':
      return startTurn(session, scope, spec, contender);
    case 'sip':
      return sipTurn(session, scope, spec, contender);
    case 'soak':
      return soakTurn(session, scope, spec, contender);
  }
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
