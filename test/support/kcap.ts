import { closeSync, openSync } from 'node:fs';
import type { TestContext } from 'node:test';

import { KcapRun } from './kcap-run.js';
import { repository } from './repository.js';
import { spawnTied } from './tied-process.js';

export interface KcapOptions {
  /** What to run: this checkout's kcap by default, or an installed one. */
  readonly command?: readonly string[];
  /** Standard input: nothing (by default), these bytes, or left open for the test to write to. */
  readonly stdin?: Buffer | 'open';
  /** Standard output: collected (by default), into a file, or left to the test, which may read it or not. */
  readonly stdout?: 'collect' | 'open' | { readonly file: string };
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command that kcap runs under, such as `ip netns exec NAME` or `setpriv --reuid=nobody`. */
  readonly under?: readonly string[];
  /** A run that is still there after so many milliseconds is killed and its `exit` fails; 60 s by default. */
  readonly limitMs?: number;
}

const CHECKOUT = [`${repository}bin/kcap`];

/** Starts the real binary, bin/kcap. What still runs when the test ends is killed. */
export function kcap(t: TestContext, args: readonly string[], options: KcapOptions = {}): KcapRun {
  const { command = CHECKOUT, stdin, stdout = 'collect', env, cwd } = options;
  const { under = [], limitMs = 60_000 } = options;
  const file = typeof stdout === 'object' ? openSync(stdout.file, 'w') : undefined;
  const child = spawnTied([...under, ...command, ...args], {
    cwd,
    env: { ...environment(), KCAP_NODE: process.execPath, ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', file ?? 'pipe', 'pipe'],
  });
  if (file !== undefined) closeSync(file);

  const run = new KcapRun(child, {
    command: ['kcap', ...args].join(' '),
    collect: stdout === 'collect',
    limitMs,
  });
  t.after(() => run.end());
  if (Buffer.isBuffer(stdin)) run.stdin.end(stdin);
  return run;
}

/** This process's environment without what the test runner tells its own children. */
function environment(): NodeJS.ProcessEnv {
  const own = new Set(['NODE_OPTIONS', 'NODE_TEST_CONTEXT']);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)));
}
