import path from 'node:path';
import type { TestContext } from 'node:test';

import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { spawnTied } from '../support/tied-process.js';

/**
 * A named pipe, and somebody who writes a file's bytes into it once it is read. At the end he leaves, or holds the
 * pipe open until the test is over.
 */
export async function pipeOf(
  t: TestContext,
  file: string,
  atEnd: 'leaves' | 'stays',
): Promise<string> {
  const pipe = path.join(await tempFolder(t), 'pipe');
  await runCommand('mkfifo', pipe);
  // After the file comes standard input, which is at its end at once or never.
  const writer = spawnTied(['sh', '-c', 'exec cat "$0" - > "$1"', file, pipe], {
    stdio: [atEnd === 'leaves' ? 'ignore' : 'pipe', 'ignore', 'ignore'],
  });
  t.after(() => writer.kill('SIGKILL'));
  return pipe;
}
