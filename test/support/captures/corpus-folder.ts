import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { repository } from '../repository.js';
import { corpus } from './corpus.js';

/** The corpus as files, for other programs to read and for changes of the generator to show. */
const folder = `${repository}test/corpus`;

/** The files by their names, as they should be. */
export function corpusFiles(): Map<string, Buffer> {
  return new Map(
    corpus().map(({ name, bytes }) => [
      `${name}.${name.startsWith('pcapng') ? 'pcapng' : 'pcap'}`,
      bytes,
    ]),
  );
}

/** The files by their names, as they are. */
export async function readCorpusFolder(): Promise<Map<string, Buffer>> {
  const names = await readdir(folder);
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(folder, name))] as const),
    ),
  );
}

export async function writeCorpusFolder(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const [name, bytes] of corpusFiles()) await writeFile(path.join(folder, name), bytes);
}
