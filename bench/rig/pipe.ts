import { type FileHandle, open, rm } from 'node:fs/promises';

import { runCommand } from '#support/run-command.js';
import { spawnTied } from '#support/tied-process.js';
import type { Scope } from './scope.js';

/** The writing end of a pipe that `cat` reads; Node's own 'pipe' between processes is a socket. */
export async function openPipe(scope: Scope, path: string): Promise<FileHandle> {
  await runCommand('mkfifo', path);
  const reader = spawnTied(['sh', '-c', 'exec cat <"$0" >/dev/null', path], { stdio: 'ignore' });
  scope.after(async () => {
    reader.kill('SIGKILL');
    await rm(path, { force: true });
  });
  // Waits, in a thread of Node's, until the reader has opened its end.
  return open(path, 'w');
}
