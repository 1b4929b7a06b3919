import { readdir, readlink } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The descriptors of this process that are open on a file, in their order. */
export async function openFiles(file: string): Promise<string[]> {
  const folder = '/proc/self/fd';
  const open: string[] = [];
  for (const fd of await readdir(folder))
    // The descriptor that read the folder is in the list, and closed by now.
    if ((await readlink(`${folder}/${fd}`).catch(() => '')) === file) open.push(fd);
  return open;
}

/** Has all that nobody holds any more collected, and gives whatever happens then its turn. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 5; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
