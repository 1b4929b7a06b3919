import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { runCommandLine } from '#kcap/commands/command-line.js';
import { UserError } from '#kcap/errors/user-error.js';
import { showError } from '#kcap/terminal/logging.js';
import { standardError } from '#kcap/terminal/standard-error.js';

/** A command line, how the first of the lines begins that it gives on standard error, and the one below. */
export type Misuse = readonly [args: readonly string[], what: string, remedy: RegExp];

/**
 * Tests that each of them is wrong usage, and what is said. They run in this process: to start kcap for each would take
 * most of the time. That its process then writes these lines and ends with this status is up to other tests.
 */
export function testMisuses(misuses: readonly Misuse[]): void {
  for (const [args, what, remedy] of misuses)
    test(`kcap ${args.join(' ').slice(0, 80)}: ${what.slice(6)}`, async (t) => {
      const { status, said } = await statusAndError(t, args);
      const [first = '', ...rest] = said.trimEnd().split('\n');
      assert.ok(first.startsWith(what), said);
      assert.match(rest.join('\n'), remedy);
      assert.equal(status, 2);
    });
}

async function statusAndError(t: TestContext, args: readonly string[]) {
  let said = '';
  t.mock.method(standardError, 'write', (lines: string) => {
    said += lines;
  });
  const status = await runCommandLine(args).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    showError(error);
    return error.exitStatus;
  });
  return { status, said };
}
