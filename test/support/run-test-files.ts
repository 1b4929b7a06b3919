import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

import { lanesOf } from './lanes.js';

/** A test file that hangs is killed after this; the longest one builds librdkafka, which takes minutes. */
const FILE_LIMIT_MS = 600_000;

/**
 * Runs test files, each in a process of its own, a lane after the other, and reports on standard output as node's test
 * runner does. Returns what is wrong with the run as a whole; nothing, if it passed.
 */
export async function runTestFiles(
  files: readonly string[],
  { signal, skipAllowed }: { readonly signal: AbortSignal; readonly skipAllowed: boolean },
): Promise<string[]> {
  const complaints: string[] = [];
  const skipped: string[] = [];
  let tests = 0;
  const failed: string[] = [];

  for (const lane of lanesOf(files)) {
    if (signal.aborted) break;
    const events = run({
      ...{ files: [...lane.files], concurrency: lane.width, timeout: FILE_LIMIT_MS, signal },
    });
    const count = (event: TestEvent): void => {
      if (event.details.type !== 'suite' && !files.includes(event.name)) tests++;
      if (isSet(event.skip) || isSet(event.todo)) skipped.push(event.name);
    };
    events.on('test:pass', (event) => {
      count(event);
      // A file without a test passes as a test that has the file's name.
      if (files.includes(event.name)) complaints.push(`no test in ${event.name}`);
    });
    events.on('test:fail', (event) => {
      count(event);
      if (!isSet(event.todo)) failed.push(event.name);
    });
    await pipeline(events, new spec(), process.stdout, { end: false });
  }

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

interface TestEvent {
  readonly name: string;
  readonly details: { readonly type?: string | undefined };
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
}

/** `skip` and `todo` are true or the reason, which may be an empty text; undefined where they are not meant. */
function isSet(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}
