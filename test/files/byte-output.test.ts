import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { type ByteOutput, openFile, OutputClosed } from '#kcap/files/byte-output.js';

import { openFiles } from '#support/files/open-files.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { idleReader, namedPipe, readToEnd } from '#support/files/reader.js';

const NEVER = new AbortController().signal;
/** More than a pipe holds. */
const MUCH = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

describe('an output into a file', () => {
  test('writes what it is given, one after the other', async (t) => {
    const file = path.join(await tempFolder(t), 'out');
    const output = await opened(t, file);
    await output.write(Buffer.from('one'), NEVER);
    await output.write(Buffer.alloc(0), NEVER);
    await output.write(MUCH, NEVER);
    assert.deepEqual(await readFile(file), Buffer.concat([Buffer.from('one'), MUCH]));
  });

  test('begins anew in one that was there', async (t) => {
    const file = path.join(await tempFolder(t), 'out');
    await writeFile(file, 'much more than what is written now');
    await (await opened(t, file)).write(Buffer.from('new'), NEVER);
    assert.equal(await readFile(file, 'utf8'), 'new');
  });

  test('writes also when it is given up: a file takes what it gets', async (t) => {
    const file = path.join(await tempFolder(t), 'out');
    await (await opened(t, file)).write(Buffer.from('all'), AbortSignal.abort());
    assert.equal(await readFile(file, 'utf8'), 'all');
  });

  test('says that the disk is full', async (t) => {
    const output = await opened(t, '/dev/full');
    await assert.rejects(
      output.write(MUCH, NEVER),
      new UserError('write /dev/full', 'ENOSPC: no space left on device', {
        remedy: 'make room there, or name a file with -w on another disk',
      }),
    );
  });

  test('never writes once it is closed, not into what has its descriptor then either', async (t) => {
    const folder = await tempFolder(t);
    const output = await openFile(path.join(folder, 'out'), NEVER);
    await output.close();
    const other = await open(path.join(folder, 'other'), 'w');
    t.after(() => other.close());
    await assert.rejects(output.write(Buffer.from('late'), NEVER));
    assert.equal(await readFile(path.join(folder, 'other'), 'utf8'), '');
  });
});

describe('an output that cannot be opened', () => {
  const cases: [what: string, place: string, cause: string, remedy: string][] = [
    [
      'a folder',
      '.',
      'EISDIR: illegal operation on a directory',
      'it is a folder: name a file with -w',
    ],
    [
      'in a folder that is not there',
      'missing/out',
      'ENOENT: no such file or directory',
      'make the folder that it is to be in',
    ],
    [
      'in a folder that is a file',
      'file/out',
      'ENOTDIR: not a directory',
      'something that is not a folder is in the way: name another file with -w',
    ],
  ];
  for (const [what, place, cause, remedy] of cases) {
    test(`is said with its cause: ${what}`, async (t) => {
      const folder = path.join(await tempFolder(t), 'here');
      await mkdir(folder);
      await writeFile(path.join(folder, 'file'), '');
      const file = path.join(folder, place);
      await assert.rejects(
        openFile(file, NEVER),
        new UserError(`write ${file}`, cause, { remedy }),
      );
    });
  }
});

test('a socket is no output that a reader is waited for', async (t) => {
  const file = path.join(await tempFolder(t), 'socket');
  const server = createServer().listen(file);
  t.after(() => server.close());
  await once(server, 'listening');
  await assert.rejects(within(5000, openFile(file, NEVER)), {
    message: `write ${file}: ENXIO: no such device or address`,
    remedy: 'it is a socket, or a device that is not there: name another file with -w',
  });
});

describe('an output into a named pipe', () => {
  test('is read as it was written', async (t) => {
    const pipe = await namedPipe(t);
    const read = readToEnd(pipe);
    const output = await opened(t, pipe);
    await output.write(Buffer.from('one'), NEVER);
    await output.write(Buffer.alloc(0), NEVER);
    await output.write(MUCH, NEVER);
    await output.close();
    assert.deepEqual(await read, Buffer.concat([Buffer.from('one'), MUCH]));
  });

  test('is opened once somebody reads', async (t) => {
    const pipe = await namedPipe(t);
    let there = false;
    const opening = opened(t, pipe).finally(() => (there = true));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(there, false);
    const reader = await idleReader(t, pipe);
    await (await opening).write(Buffer.from('hello'), NEVER);
    assert.equal((await reader.read()).buffer.toString('utf8', 0, 5), 'hello');
  });

  test('is not waited for when it is given up', async (t) => {
    const pipe = await namedPipe(t);
    const giveUp = new AbortController();
    const opening = openFile(pipe, giveUp.signal);
    giveUp.abort();
    await assert.rejects(opening, { message: `write ${pipe}: ENXIO: no such device or address` });
  });

  test('says that its reader has left, and how much was written', async (t) => {
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await opened(t, pipe);
    await output.write(Buffer.from('hello'), NEVER);
    await reader.close();
    await assert.rejects(output.write(MUCH, NEVER), isClosedAfter(0));
    await assert.rejects(output.write(MUCH, NEVER), isClosedAfter(0));
  });

  test('says what a reader has taken who leaves in the middle of a write', async (t) => {
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await opened(t, pipe);
    const writing = output.write(MUCH, NEVER);
    const failed = assert.rejects(writing, (error) => {
      assert.ok(error instanceof OutputClosed);
      const { bytesWritten } = error;
      // No more than what was read and what the pipe held, and no less than what was read but a chunk.
      assert.ok(bytesWritten <= 100_000 + 2 * 65_536, `${bytesWritten}`);
      assert.ok(bytesWritten >= 100_000 - 65_536, `${bytesWritten}`);
      return true;
    });
    for (let read = 0; read < 100_000;)
      read += (await reader.read(Buffer.alloc(10_000), 0, 10_000)).bytesRead;
    await reader.close();
    await failed;
  });

  test('waits for a stalled reader, and no longer than until it is given up', async (t) => {
    const pipe = await namedPipe(t);
    await idleReader(t, pipe);
    const output = await opened(t, pipe);
    const giveUp = new AbortController();
    const writing = output.write(MUCH, giveUp.signal);
    const failed = assert.rejects(writing, (error) => error instanceof OutputClosed);
    giveUp.abort();
    await failed;
  });

  test('does not wait for a stalled reader where it was given up before', async (t) => {
    const pipe = await namedPipe(t);
    await idleReader(t, pipe);
    const output = await opened(t, pipe);
    await assert.rejects(
      within(2000, output.write(MUCH, AbortSignal.abort())),
      (error) => error instanceof OutputClosed,
    );
  });

  test('can be closed whatever its reader does', async (t) => {
    const pipe = await namedPipe(t);
    await idleReader(t, pipe);
    const output = await opened(t, pipe);
    await output.write(Buffer.from('hello'), NEVER);
    await within(2000, output.close());
    await output.close();
    await assert.rejects(output.write(Buffer.from('late'), NEVER), isClosedAfter(0));
  });

  test('is still written when nothing else is held in memory', async (t) => {
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await opened(t, pipe);
    await output.write(Buffer.from('one'), NEVER);
    const before = await openFiles(pipe);
    await collectGarbage();
    assert.deepEqual(await openFiles(pipe), before);
    await output.write(Buffer.from('two'), NEVER);
    assert.equal((await reader.read()).buffer.toString('utf8', 0, 6), 'onetwo');
  });

  test('leaves nothing open when it is closed', async (t) => {
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await openFile(pipe, NEVER);
    await output.close();
    assert.equal((await reader.read()).bytesRead, 0);
  });
});

describe('the reader of an output', () => {
  test('is said to have left while nothing is written', async (t) => {
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await opened(t, pipe);
    const left = new Promise<void>((resolve) => {
      output.onReaderLeft(resolve);
    });
    await output.write(Buffer.from('hello'), NEVER);
    await reader.close();
    await within(5000, left);
  });

  test('is said to have left also where a write has noticed it first', async (t) => {
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await opened(t, pipe);
    const left = new Promise<void>((resolve) => {
      output.onReaderLeft(resolve);
    });
    await reader.close();
    await assert.rejects(output.write(Buffer.from('hello'), NEVER));
    await within(2000, left);
  });

  test('is not said to have left while he is there, nor once the output is closed', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const pipe = await namedPipe(t);
    const reader = await idleReader(t, pipe);
    const output = await opened(t, pipe);
    let said = 0;
    output.onReaderLeft(() => said++);
    t.mock.timers.tick(10_000);
    assert.equal(said, 0);
    await output.close();
    await reader.close();
    t.mock.timers.tick(10_000);
    assert.equal(said, 0);
  });
});

async function opened(t: TestContext, file: string): Promise<ByteOutput> {
  const output = await openFile(file, NEVER);
  t.after(() => output.close());
  return output;
}

function isClosedAfter(bytesWritten: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OutputClosed, String(error));
    assert.equal(error.bytesWritten, bytesWritten);
    return true;
  };
}

/** Fails where something does not come in time, instead of waiting for ever. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const state: { done: boolean } = { done: false };
  const settled = promise.finally(() => (state.done = true));
  settled.catch(() => undefined);
  await waitFor(() => state.done, { limitMs, what: 'a promise' });
  return settled;
}
