import type { TestContext } from 'node:test';

import { runCommand } from './run-command.js';

const NAMESPACE_PREFIX = 'kcap-test-';

/** A network namespace of the test's own: settings and ports in it are nobody else's. */
export interface NetNamespace {
  readonly name: string;
  /** What a command runs under to be in it: `kcap(t, args, { under })`. */
  readonly under: readonly string[];
  /** Runs a command in it to its end and gives its standard output. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
  /** Sets a variable of the kernel's that each network namespace has for itself (sysctl(8)). */
  readonly set: (variable: string, value: string) => Promise<void>;
}

let namespaces = 0;

/** Makes a namespace in which nothing is up but `lo`; removed when the test ends. */
export async function netNamespace(t: TestContext): Promise<NetNamespace> {
  await sweepNamespaces();
  const name = `${NAMESPACE_PREFIX}${process.pid}-${namespaces++}`;
  const under = ['ip', 'netns', 'exec', name] as const;
  const run = (...command: readonly string[]) => runCommand(...under, ...command);
  await runCommand('ip', 'netns', 'add', name);
  t.after(() => runCommand('ip', 'netns', 'delete', name));
  await runCommand('ip', '-n', name, 'link', 'set', 'lo', 'up');
  return {
    name,
    under,
    run,
    set: async (variable, value) => {
      await run('sysctl', '--quiet', '--write', `${variable}=${value}`);
    },
  };
}

/** Removes what a run has left behind whose process was killed. */
async function sweepNamespaces(): Promise<void> {
  for (const line of (await runCommand('ip', 'netns', 'list')).split('\n')) {
    const pid = /^kcap-test-(\d+)-/.exec(line)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) {
      const [namespace = ''] = line.split(' ');
      await runCommand('ip', 'netns', 'delete', namespace);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
