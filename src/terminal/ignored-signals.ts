import { constants } from 'node:os';
import { addon } from '../addon/addon.js';

/** The mask of ignored signals, as /proc has it, that bin/kcap has found: Node itself ignores none of them any more. */
const VARIABLE = 'KCAP_IGNORED_SIGNALS';
const given = process.env[VARIABLE] ?? '';
const mask = /^[0-9a-f]+$/i.test(given) ? BigInt(`0x${given}`) : 0n;
// It is about this process, not about its children.
Reflect.deleteProperty(process.env, VARIABLE);

const KEPT = [
  ...(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const),
  ...(['SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const),
];

/** Whether the signal was ignored when kcap was started: by nohup, or by a shell for what it runs in the background. */
export function wasIgnored(signal: NodeJS.Signals): boolean {
  return (mask & (1n << BigInt(constants.signals[signal] - 1))) !== 0n;
}

/** Has signals ignored that were so when kcap was started. */
export function keepIgnoredSignals(): void {
  for (const signal of KEPT) if (wasIgnored(signal)) addon.ignoreSignal(constants.signals[signal]);
}
