import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { runCommand } from '../run-command.js';
import { tempFolder } from '../temp-folder.js';

export async function namedPipe(t: TestContext): Promise<string> {
  const pipe = path.join(await tempFolder(t), 'pipe');
  await runCommand('mkfifo', pipe);
  return pipe;
}

/** A reader of a named pipe who takes nothing by himself, and leaves with the test if not before. */
export async function idleReader(t: TestContext, pipe: string): Promise<FileHandle> {
  // For reading and writing: that alone opens it without waiting for somebody else, and then a second time for
  // reading only, so that the reader alone holds no writing end.
  const both = await open(pipe, 'r+');
  const reader = open(pipe, 'r');
  const handle = await reader;
  await both.close();
  t.after(() => handle.close());
  return handle;
}

/** Reads a named pipe until its writer leaves. */
export async function readToEnd(pipe: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = createReadStream(pipe).on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}
