import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { TaskFolder, type KeptTask } from '#kcap/task/task-folder.js';

import { tempFolder } from '../support/temp-folder.js';

const KEPT: KeptTask = {
  id: 'sip-edge',
  document: { id: 'sip-edge', interface: 'eth0' },
  wanted: 'running',
};

async function opened(t: TestContext): Promise<TaskFolder> {
  const folder = await TaskFolder.open(path.join(await tempFolder(t), 'data', 'tasks'));
  t.after(() => {
    folder.close();
  });
  return folder;
}

describe('tasks on disk', () => {
  test('come back as they were written, with what was changed since', async (t) => {
    const folder = await opened(t);
    await folder.write(KEPT);
    await folder.write({ ...KEPT, wanted: 'stopped', reason: 'done', bpfFilter: 'udp' });
    await folder.write({ ...KEPT, id: '__proto__' });
    const { tasks, damaged } = await folder.read();
    assert.deepEqual(damaged, []);
    assert.deepEqual(tasks, [
      { ...KEPT, id: '__proto__' },
      { ...KEPT, wanted: 'stopped', reason: 'done', bpfFilter: 'udp' },
    ]);
    await folder.remove('sip-edge');
    await folder.remove('sip-edge');
    assert.equal((await folder.read()).tasks.length, 1);
  });

  test('are for their owner alone', async (t) => {
    const folder = await opened(t);
    await folder.write(KEPT);
    assert.equal((await stat(folder.path)).mode & 0o777, 0o700);
    assert.equal((await stat(folder.fileOf('sip-edge'))).mode & 0o777, 0o600);
  });

  test('belong to one agent', async (t) => {
    const folder = await opened(t);
    await assert.rejects(TaskFolder.open(folder.path), /another agent keeps its tasks there/);
  });

  test('a file that was being written when the agent was killed goes; the one before stays', async (t) => {
    const folder = await opened(t);
    await folder.write(KEPT);
    await writeFile(path.join(folder.path, 'sip-edge.json~'), '{"version":1,"id":"sip-');
    assert.deepEqual((await folder.read()).tasks, [KEPT]);
    assert.ok(!(await readdir(folder.path)).includes('sip-edge.json~'));
  });

  test('what is damaged is named, and stays as it is', async (t) => {
    const folder = await opened(t);
    await folder.write(KEPT);
    const good = await readFile(folder.fileOf('sip-edge'), 'utf8');
    const wrong: Record<string, string> = {
      cut: good.slice(0, 40),
      empty: '',
      other: good,
      list: '[]',
      none: 'null',
      later: good.replaceAll('sip-edge', 'later').replace('"version": 1', '"version": 2'),
      unwanted: good.replaceAll('sip-edge', 'unwanted').replace('running', 'dancing'),
      binary: '\u0000\u0001',
    };
    for (const [id, text] of Object.entries(wrong)) await writeFile(folder.fileOf(id), text);
    await mkdir(folder.fileOf('folder'));
    await symlink('/etc/passwd', folder.fileOf('link'));
    const { tasks, damaged } = await folder.read();
    assert.deepEqual(tasks, [KEPT]);
    const names = damaged.map((file) => path.basename(file.path, '.json'));
    assert.deepEqual(names, [...Object.keys(wrong), 'folder', 'link'].sort());
    for (const { cause } of damaged) assert.notEqual(cause, '');
    for (const [id, text] of Object.entries(wrong))
      assert.equal(await readFile(folder.fileOf(id), 'utf8'), text);
  });

  test('a folder that can not be written to is an error with a remedy', async (t) => {
    const folder = await tempFolder(t);
    await writeFile(path.join(folder, 'file'), '');
    await chmod(folder, 0o700);
    await assert.rejects(
      TaskFolder.open(path.join(folder, 'file', 'tasks')),
      /^UserError: tasks in .*: ENOTDIR/,
    );
  });
});
