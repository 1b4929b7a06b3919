import { readdir, readlink } from 'node:fs/promises';

/** The descriptors of this process that are open on a file, in their order. */
export async function openFiles(file: string): Promise<string[]> {
  const folder = '/proc/self/fd';
  const open: string[] = [];
  for (const fd of await readdir(folder))
    // The descriptor that read the folder is in the list, and closed by now.
    if ((await readlink(`${folder}/${fd}`).catch(() => '')) === file) open.push(fd);
  return open;
}
