import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { runCommand } from './run-command.js';

/** A folder with room for 64 KiB, gone when the test ends. Takes root. */
export async function smallDisk(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kcap-small-'));
  await runCommand('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
  t.after(async () => {
    // What still writes there ends with the test, too.
    await runCommand('umount', '--lazy', folder);
    await rmdir(folder);
  });
  return folder;
}
