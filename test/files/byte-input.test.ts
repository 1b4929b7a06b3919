import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { type ByteInput, openByteInput } from '#kcap/files/byte-input.js';

import { collectGarbage } from '../support/collect-garbage.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { openFiles } from '#support/files/open-files.js';
import { pipeOf } from '#support/files/piped.js';

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

describe('the bytes of a file', () => {
  test('are read to their end, which is said again when asked again', async (t) => {
    const input = await opened(t, await fileOf(t));
    assert.deepEqual(await readAll(input), bytes);
    assert.equal(await input.read(Buffer.alloc(10), 0), 0);
  });

  test('are put where they belong', async (t) => {
    const input = await opened(t, await fileOf(t));
    const into = Buffer.alloc(10, 0xff);
    assert.equal(await input.read(into, 7), 3);
    assert.deepEqual([...into], [...Array<number>(7).fill(0xff), 0, 1, 2]);
  });

  test('end when it is closed', async (t) => {
    const input = await opened(t, await fileOf(t));
    await input.close();
    assert.equal(await input.read(Buffer.alloc(10), 0), 0);
  });
});

describe('the bytes of a named pipe', () => {
  test('are read to their end, however they are written and asked for', async (t) => {
    const input = await opened(t, await pipeOf(t, await fileOf(t), 'leaves'));
    assert.deepEqual(await readAll(input, 777), bytes);
    assert.equal(await input.read(Buffer.alloc(10), 0), 0);
  });

  test('are put where they belong', async (t) => {
    const input = await opened(t, await pipeOf(t, await fileOf(t), 'leaves'));
    const into = Buffer.alloc(10, 0xff);
    assert.equal(await input.read(into, 7), 3);
    assert.deepEqual([...into], [...Array<number>(7).fill(0xff), 0, 1, 2]);
  });

  test('are waited for until somebody writes', async (t) => {
    const pipe = await namedPipe(t);
    const input = await opened(t, pipe);
    const into = Buffer.alloc(10);
    const reading = input.read(into, 0);
    const writer = await open(pipe, 'w');
    await writer.write('hello');
    assert.equal(await reading, 5);
    assert.equal(into.toString('utf8', 0, 5), 'hello');
    await writer.close();
    assert.equal(await input.read(into, 0), 0);
  });

  test('end when it is closed, for whoever waits as well', async (t) => {
    const input = await opened(t, await namedPipe(t));
    const reading = input.read(Buffer.alloc(10), 0);
    await input.close();
    assert.equal(await reading, 0);
    assert.equal(await input.read(Buffer.alloc(10), 0), 0);
  });

  test('are still read when nothing else is held in memory', async (t) => {
    const pipe = await namedPipe(t);
    const input = await opened(t, pipe);
    const writer = await open(pipe, 'w');
    t.after(() => writer.close());
    const into = Buffer.alloc(10);
    await writer.write('one');
    assert.equal(await input.read(into, 0), 3);
    const before = await openFiles(pipe);
    await collectGarbage();
    assert.deepEqual(await openFiles(pipe), before);
    await writer.write('two');
    assert.equal(await input.read(into, 0), 3);
  });

  test('leave nothing open when it is closed', async (t) => {
    const pipe = await namedPipe(t);
    const input = await openByteInput(pipe);
    await input.close();
    await waitFor(async () => (await openFiles(pipe)).length === 0, {
      limitMs: 5000,
      what: 'the pipe to be closed',
    });
  });
});

describe('an input that cannot be opened', () => {
  test('is said with its cause', async (t) => {
    const folder = await tempFolder(t);
    const missing = path.join(folder, 'missing');
    await assert.rejects(
      openByteInput(missing),
      new UserError(`read ${missing}`, 'ENOENT: no such file or directory', {
        remedy: 'check its path',
      }),
    );
    await assert.rejects(
      openByteInput(folder),
      new UserError(`read ${folder}`, 'it is a directory'),
    );
  });

  test('is not left open', async (t) => {
    const folder = await tempFolder(t);
    await assert.rejects(openByteInput(folder));
    assert.deepEqual(await openFiles(folder), []);
  });
});

async function opened(t: TestContext, file: string): Promise<ByteInput> {
  const input = await openByteInput(file);
  t.after(() => input.close());
  return input;
}

async function fileOf(t: TestContext): Promise<string> {
  const file = path.join(await tempFolder(t), 'bytes');
  await writeFile(file, bytes);
  return file;
}

async function namedPipe(t: TestContext): Promise<string> {
  const pipe = path.join(await tempFolder(t), 'pipe');
  await runCommand('mkfifo', pipe);
  return pipe;
}

/** Reads to the end, at most so many bytes at a time. */
async function readAll(input: ByteInput, most = 100_000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(most);
    const bytesRead = await input.read(chunk, 0);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, bytesRead));
  }
}
