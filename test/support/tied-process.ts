import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/**
 * Starts a process that the kernel kills when this one dies, however it dies. A test that is killed for being too
 * late runs no clean-up; without this it would leave a Kafka or a capture behind. (util-linux's setpriv asks the
 * kernel for that and then becomes the command, so the process id is the command's.)
 */
export function spawnTied(command: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], options);
}

/** Whether the process has ended, by itself or by a signal. */
export function hasEnded(process: ChildProcess): boolean {
  return process.exitCode !== null || process.signalCode !== null;
}
