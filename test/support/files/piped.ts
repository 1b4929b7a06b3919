import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { runCommand } from '../run-command.js';
import { tempFolder } from '../temp-folder.js';
import { hasEnded, spawnTied } from '../tied-process.js';

/**
 * A named pipe, and somebody who writes a file's bytes into it once it is read. At the end he leaves, or holds the
 * pipe open until the test is over.
 */
export async function pipeOf(
  t: TestContext,
  file: string,
  atEnd: 'leaves' | 'stays',
): Promise<string> {
  const writers: ChildProcess[] = [];
  // Before the folder goes: otherwise he might just then open what is no longer a pipe.
  t.after(async () => {
    for (const writer of writers.filter((child) => !hasEnded(child))) {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });
  const pipe = path.join(await tempFolder(t), 'pipe');
  await runCommand('mkfifo', pipe);
  // After the file comes standard input, which is at its end at once or never.
  writers.push(
    spawnTied(['sh', '-c', 'exec cat "$0" - > "$1"', file, pipe], {
      stdio: [atEnd === 'leaves' ? 'ignore' : 'pipe', 'ignore', 'ignore'],
    }),
  );
  return pipe;
}
