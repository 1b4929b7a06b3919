import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import { repository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { spawnTied } from '../support/tied-process.js';
import { idleReader, namedPipe } from '#support/files/reader.js';

/** Writes more than a pipe holds to its standard output, and what became of it to standard error. */
const WRITER = `
  import { openStandardOutput } from '#kcap/files/byte-output.js';
  const output = openStandardOutput();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => 97 + (index % 23)));
  await output.write(bytes, new AbortController().signal).then(
    () => console.error('written'),
    (error) => console.error(error.name),
  );
  await output.close();
`;
const written = Array.from({ length: 300_000 }, (_, index) =>
  String.fromCharCode(97 + (index % 23)),
).join('');

describe('standard output', () => {
  // Node gives its children a socket as standard output, a shell a pipe.
  const cases: [what: string, shell: string, read: string, result: string][] = [
    ['a socket', '"$@"', written, 'written'],
    ['a pipe', '"$@" | cat', written, 'written'],
    ['a pipe whose reader leaves', '"$@" | head -c 5', written.slice(0, 5), 'OutputClosed'],
    ['a file', '"$@" > "$0"; cat "$0"', written, 'written'],
    [
      'a file that is appended to',
      'echo > "$0"; "$@" >> "$0"; cat "$0"',
      `\n${written}`,
      'written',
    ],
    ['a full disk', '"$@" > /dev/full', '', 'UserError'],
  ];
  for (const [what, shell, read, result] of cases) {
    test(`may be ${what}`, async (t) => {
      const file = path.join(await tempFolder(t), 'out');
      const writer = [process.execPath, '--input-type=module', '-e', WRITER];
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', shell, file, ...writer], {
        cwd: repository,
      });
      assert.ok(stdout === read, `${stdout.length} bytes`);
      assert.equal(stderr, `${result}\n`);
    });
  }

  const AS_NOBODY = 'setpriv --reuid=65534 --clear-groups --no-new-privs -- "$@"';
  const root = process.getuid?.() === 0;
  const strangers: [what: string, shell: string, read: string, result: string][] = [
    ['a pipe', `${AS_NOBODY} | cat`, written, 'written'],
    ['a pipe whose reader leaves', `${AS_NOBODY} | head -c 5`, written.slice(0, 5), 'OutputClosed'],
  ];
  for (const [what, shell, read, result] of strangers)
    test(`may be ${what} of another user's`, { skip: root ? false : 'needs root' }, async () => {
      const writer = [process.execPath, '--input-type=module', '-e', WRITER];
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', shell, 'sh', ...writer], {
        cwd: repository,
      });
      assert.ok(stdout === read, `${stdout.length} bytes`);
      assert.equal(stderr, `${result}\n`);
    });

  test("leaves a stalled reader of another user's pipe when it is given up", async (t) => {
    if (!root) {
      t.skip('needs root');
      return;
    }
    const pipe = await namedPipe(t);
    await chmod(pipe, 0o600);
    const reader = await idleReader(t, pipe);
    const script = `
      import { openStandardOutput } from '#kcap/files/byte-output.js';
      const giveUp = new AbortController();
      const writing = openStandardOutput().write(Buffer.alloc(300_000), giveUp.signal);
      setImmediate(() => giveUp.abort());
      await writing.catch((error) => console.error(error.name, error.bytesWritten));
      // As kcap ends: a thread may still wait in a write.
      process.kill(process.pid, 'SIGKILL');`;
    const writer = spawnTied(
      [
        'sh',
        '-c',
        `${AS_NOBODY} >${pipe}`,
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ],
      { cwd: repository, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    writer.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    await once(writer, 'close');
    assert.match(said, /^OutputClosed (0|65536)\n/);
    assert.ok((await reader.read()).bytesRead > 0);
  });

  test('may be a socket whose reader leaves', async () => {
    const writer = spawnTied([process.execPath, '--input-type=module', '-e', WRITER], {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    writer.stdout?.once('data', () => writer.stdout?.destroy());
    let said = '';
    writer.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    await once(writer, 'close');
    assert.equal(said, 'OutputClosed\n');
  });
});
