import assert from 'node:assert/strict';
import {
  chmod,
  chown,
  lchown,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { openFile } from '#kcap/files/byte-output.js';

import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { namedPipe } from '#support/files/reader.js';

const NEVER = new AbortController().signal;
/** Nobody with whom the tests have anything to do. */
const STRANGER = 65_534;
const skip = process.getuid?.() === 0 ? false : 'needs root, to give files away';

describe('a file to write', () => {
  test('is its user’s alone where it is new', async (t) => {
    const file = path.join(await tempFolder(t), 'out');
    await write(file, 'new');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  test('is emptied and stays whose it was where it is there', async (t) => {
    const file = path.join(await tempFolder(t), 'out');
    await writeFile(file, 'much more');
    await chmod(file, 0o640);
    await write(file, 'new');
    assert.equal(await readFile(file, 'utf8'), 'new');
    assert.equal((await stat(file)).mode & 0o777, 0o640);
  });

  test('is found through links, also where it is still to be made', async (t) => {
    const folder = await tempFolder(t);
    await mkdir(path.join(folder, 'far', 'away'), { recursive: true });
    await symlink('far/away', path.join(folder, 'near'));
    // Relative to the folder that the link is in, whatever way leads there.
    await symlink('../target', path.join(folder, 'far', 'away', 'link'));
    await symlink(path.join(folder, 'near', 'link'), path.join(folder, 'first'));
    await write(path.join(folder, 'first'), 'once');
    await write(path.join(folder, 'first'), 'twice');
    assert.equal(await readFile(path.join(folder, 'far', 'target'), 'utf8'), 'twice');
  });

  test('is not looked for without end', async (t) => {
    const link = path.join(await tempFolder(t), 'link');
    await symlink(link, link);
    await assert.rejects(openFile(link, NEVER), {
      message: `write ${link}: ELOOP: too many symbolic links encountered`,
    });
  });

  for (const place of ['/proc/self/fd', '/dev/fd'])
    test(`may be one that is open, a pipe or a file: ${place}`, async (t) => {
      const file = path.join(await tempFolder(t), 'out');
      for (const opened of [await open(file, 'w+'), await open(await namedPipe(t), 'r+')]) {
        t.after(() => opened.close());
        await write(`${place}/${opened.fd}`, 'hello');
        const { buffer, bytesRead } = await opened.read();
        assert.equal(buffer.toString('utf8', 0, bytesRead), 'hello');
      }
    });

  test('may be a device', async () => {
    await write('/dev/null', 'hello');
  });
});

describe('in a folder where everybody may leave files', { skip }, () => {
  test('a stranger’s link is not followed, and what it links to stays as it was', async (t) => {
    const { folder, own } = await folderForAll(t);
    const link = await linked(folder, own);
    await assertRefused(link);
    assert.equal(await readFile(own, 'utf8'), 'own');
  });

  test('a stranger’s link to nothing has nothing made', async (t) => {
    const { folder, own } = await folderForAll(t);
    await assertRefused(await linked(folder, `${own}.new`));
    assert.deepEqual(await readdir(path.dirname(own)), ['file']);
  });

  test('a stranger’s link is not followed behind the user’s own either', async (t) => {
    const { folder, own } = await folderForAll(t);
    const link = await linked(folder, own);
    await symlink(link, path.join(path.dirname(own), 'link'));
    await assertRefused(path.join(path.dirname(own), 'link'), link);
    assert.equal(await readFile(own, 'utf8'), 'own');
  });

  test('a stranger’s file is not written, for them to read', async (t) => {
    const { folder } = await folderForAll(t);
    const file = path.join(folder, 'planted');
    await writeFile(file, 'planted');
    await chown(file, STRANGER, STRANGER);
    await assertRefused(file);
    assert.equal(await readFile(file, 'utf8'), 'planted');
  });

  test('a stranger’s pipe is not waited for', async (t) => {
    const { folder } = await folderForAll(t);
    const pipe = path.join(folder, 'planted');
    await runCommand('mkfifo', pipe);
    await chown(pipe, STRANGER, STRANGER);
    await assertRefused(pipe);
  });

  const trusted: [whose: string, user: number, linkOwner: number, folderOwner: number][] = [
    ['the user’s own', STRANGER, STRANGER, 0],
    ['root’s', STRANGER, 0, 1],
    ['the folder owner’s', 0, STRANGER, STRANGER],
  ];
  for (const [whose, user, linkOwner, folderOwner] of trusted)
    test(`a link is followed that is ${whose}`, async (t) => {
      const { folder, own } = await folderForAll(t, folderOwner);
      const link = await linked(folder, own, linkOwner);
      t.mock.method(process as { geteuid: () => number }, 'geteuid', () => user);
      await write(link, 'new');
      assert.equal(await readFile(own, 'utf8'), 'new');
    });

  test('everything is as usual in a folder of one’s own', async (t) => {
    const { folder, own } = await folderForAll(t);
    await chmod(folder, 0o755);
    await write(await linked(folder, own), 'new');
    assert.equal(await readFile(own, 'utf8'), 'new');
  });
});

async function write(file: string, text: string): Promise<void> {
  const output = await openFile(file, NEVER);
  await output.write(Buffer.from(text), NEVER);
  await output.close();
}

async function assertRefused(file: string, planted = file): Promise<void> {
  await assert.rejects(
    openFile(file, NEVER),
    new UserError(
      `write ${file}`,
      `${planted} is another user's (uid ${STRANGER}), in a folder that everybody may write to`,
      { remedy: 'remove it, or choose a place in a folder of your own' },
    ),
  );
}

/** A folder as /tmp is, and in another one a file that only its user may write. */
async function folderForAll(
  t: TestContext,
  owner = 0,
): Promise<{ readonly folder: string; readonly own: string }> {
  const folder = await tempFolder(t);
  await chown(folder, owner, owner);
  await chmod(folder, 0o1777);
  const own = path.join(await tempFolder(t), 'file');
  await writeFile(own, 'own', { mode: 0o600 });
  return { folder, own };
}

async function linked(folder: string, target: string, owner = STRANGER): Promise<string> {
  const link = path.join(folder, 'planted');
  await symlink(target, link);
  await lchown(link, owner, owner);
  return link;
}
