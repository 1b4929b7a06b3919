import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

import { costTable } from './file-costs.js';
import { type Lane, stagesOf } from './lanes.js';
import { standsIn, together, unitFiles } from './unit-files.js';

/** A test file that hangs is killed after this; the longest one builds librdkafka, which takes minutes. */
const FILE_LIMIT_MS = 600_000;

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Whether a run in which tests were skipped may pass. */
  readonly skipAllowed: boolean;
  /** A folder for what is made of the files that run in one process. */
  readonly folder: string;
  /** Where the files' processes say what they cost (./test-process.ts), which is then reported. */
  readonly costsFile?: string | undefined;
}

/**
 * Runs test files, a stage after the other: unit tests in one process, and each other file in a process of its own.
 * Reports on standard output as node's test runner does. Returns what is wrong with the run as a whole; nothing, if it
 * passed.
 */
export async function runTestFiles(
  wanted: readonly string[],
  { signal, skipAllowed, folder, costsFile }: RunOptions,
): Promise<string[]> {
  const { units, others } = await unitFiles(wanted);
  const files = units.length < 2 ? wanted : [await together(units, folder), ...others];
  /** Files of the one process of which no test has been seen yet. */
  const silent = new Set(files === wanted ? [] : units);
  const complaints: string[] = [];
  const skipped: string[] = [];
  let tests = 0;
  const failed: string[] = [];
  const tables: string[] = [];

  const runLane = async (lane: Lane, report: Writable): Promise<void> => {
    const startedAt = performance.now();
    const events = run({
      ...{ files: [...lane.files], concurrency: lane.width, timeout: FILE_LIMIT_MS, signal },
    });
    const count = (event: TestEvent): void => {
      if (event.details.type !== 'suite' && !files.includes(event.name)) tests++;
      for (const unit of silent) if (standsIn(unit, event.file)) silent.delete(unit);
      if (isSet(event.skip) || isSet(event.todo)) skipped.push(event.name);
    };
    events.on('test:pass', (event) => {
      count(event);
      // A file without a test passes as a test that has the file's name.
      if (files.includes(event.name)) complaints.push(`no test in ${event.name}`);
    });
    events.on('test:fail', (event) => {
      count(event);
      if (!isSet(event.todo)) failed.push(event.name + howEnded(event.details.error));
    });
    await pipeline(events, new spec(), report, { end: false });
    if (costsFile !== undefined) {
      const wallSeconds = (performance.now() - startedAt) / 1000;
      tables.push(await costTable(lane.files, { costsFile, wallSeconds }));
    }
  };

  loadBefore('./test-process.js');
  for (const [first, ...beside] of stagesOf(files)) {
    if (signal.aborted || !first) break;
    // Reports of lanes that run side by side come one after the other.
    const waiting = beside.map((lane) => ({ lane, report: new PassThrough() }));
    const reports = waiting.map(({ report }) => text(report));
    await Promise.all([
      runLane(first, process.stdout),
      ...waiting.map(({ lane, report }) => runLane(lane, report).finally(() => report.end())),
    ]);
    for (const report of reports) process.stdout.write(await report);
  }
  if (!signal.aborted) complaints.push(...[...silent].map((unit) => `no test in ${unit}`));
  for (const table of tables) console.log(table);
  // The runner closes each lane with figures of its own.
  const passed = tests - failed.length - skipped.length;
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  if (tests === 0) complaints.push('there was nothing to run');
  if (failed.length > 0) complaints.push(`not passed: ${failed.join('; ')}`);
  if (skipped.length > 0 && !skipAllowed) {
    complaints.push(
      `${skipped.length} skipped or still to do, which CI=true forbids: ${skipped.join('; ')}`,
    );
  }
  return complaints;
}

/** The runner offers no way to say so. */
function loadBefore(module: string): void {
  const options = [process.env['NODE_OPTIONS'] ?? '', `--import=${import.meta.resolve(module)}`];
  process.env['NODE_OPTIONS'] = options.join(' ');
}

/** How the process of a file ended, where that is why it failed; the spec reporter leaves it out. */
function howEnded(error: object): string {
  const { exitCode, signal } = error as { readonly exitCode?: unknown; readonly signal?: unknown };
  if (typeof signal === 'string') return ` (its process was ended by ${signal})`;
  return typeof exitCode === 'number' ? ` (its process ended with status ${exitCode})` : '';
}

interface TestEvent {
  readonly name: string;
  /** Where the test stands: the source, or what has been compiled of it. */
  readonly file?: string | undefined;
  readonly details: { readonly type?: string | undefined };
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
}

/** `skip` and `todo` are true or the reason, which may be an empty text; undefined where they are not meant. */
function isSet(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}
