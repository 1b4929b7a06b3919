import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';

import { SocketChannel } from '#kcap/agent/socket-channel.js';

import { longWork } from '../support/long-work.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { shortTask } from '../task/described.js';
import { answering, listening } from './answering.js';
import { answerMs, Client } from './client.js';

const isRoot = process.getuid?.() === 0;
const onlyRoot = isRoot ? false : 'only root can be somebody else';

describe('the socket', () => {
  test('answers requests in order, several a connection', async (t) => {
    const { socket } = await listening(t);
    const client = await Client.connect(t, socket);
    client.request('task_create', { config: shortTask('a') }, 'req-1700000000000000000');
    client.request('task_list', undefined, 2);
    client.request('task_status', { task_id: 'b' }, null);
    assert.deepEqual(await client.count(3), [
      {
        ...{ jsonrpc: '2.0', id: 'req-1700000000000000000' },
        result: { task_id: 'a', status: 'created' },
      },
      { jsonrpc: '2.0', id: 2, result: { tasks: ['a'], count: 1 } },
      {
        ...{ jsonrpc: '2.0', id: null },
        error: {
          ...{ code: -32603, message: 'task b: there is no such task' },
          data: { remedy: "'kcap task list' shows those there are" },
        },
      },
    ]);
  });

  test('answers what is no request with the code for it, and goes on', async (t) => {
    const { socket } = await listening(t);
    const client = await Client.connect(t, socket);
    const lines: (readonly [line: string | Buffer, code: number, id: unknown])[] = [
      ['{', -32700, null],
      [Buffer.from([0xff, 0xfe]), -32700, null],
      ['[]', -32600, null],
      ['null', -32600, null],
      ['"task_list"', -32600, null],
      ['{"id":1,"method":"task_list"}', -32600, 1],
      ['{"jsonrpc":"1.0","id":1,"method":"task_list"}', -32600, 1],
      ['{"jsonrpc":"2.0","id":{},"method":"task_list"}', -32600, null],
      ['{"jsonrpc":"2.0","id":"x"}', -32600, 'x'],
      ['{"jsonrpc":"2.0","id":"x","method":"nonsense"}', -32601, 'x'],
      ['{"jsonrpc":"2.0","id":"x","method":"task_delete"}', -32602, 'x'],
      ['['.repeat(100_000), -32700, null],
      [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, -32600, null],
    ];
    for (const [line] of lines) {
      client.write(line);
      client.write('\n');
    }
    client.request('task_list');
    const answers = await client.count(lines.length + 1);
    const codes = answers.map(({ error, id }) => [
      (error as { code?: number } | undefined)?.code,
      id,
    ]);
    assert.deepEqual(codes, [...lines.map(([, code, id]) => [code, id]), [undefined, 1]]);
  });

  test('does what a notification says, and says nothing', async (t) => {
    const { socket, asked } = await listening(t);
    const client = await Client.connect(t, socket);
    client.write('{"jsonrpc":"2.0","method":"config_reload"}\n\n  \r\n');
    client.request('task_list');
    assert.deepEqual(
      (await client.count(1)).map(({ id }) => id),
      [1],
    );
    assert.deepEqual(asked, ['reload']);
  });

  test('answers whoever has said all, also a last line without an end', async (t) => {
    const { socket } = await listening(t);
    const client = await Client.connect(t, socket);
    client.socket.end('{"jsonrpc":"2.0","id":1,"method":"task_list"}');
    await client.untilClosed();
    assert.equal(client.answers.length, 1);
  });

  test('takes a line in pieces, of a mebibyte and no more', async (t) => {
    const { socket } = await listening(t);
    const client = await Client.connect(t, socket);
    const request = { jsonrpc: '2.0', id: 1, method: 'task_list' };
    const text = JSON.stringify(request);
    for (const byte of Buffer.from(`${text}\n`)) client.write(Buffer.from([byte]));
    client.write(`${text}${' '.repeat(1024 * 1024 - text.length)}\n`);
    assert.deepEqual(
      (await client.count(2)).map(({ error }) => error),
      [undefined, undefined],
    );
    client.write(' '.repeat(1024 * 1024 + 1));
    await client.untilClosed();
    assert.deepEqual(client.answers[2]?.['error'], {
      code: -32600,
      message: 'a line has at most 1048576 bytes',
    });
  });
});

describe('who may use the socket', () => {
  test('its owner alone', async (t) => {
    const { socket } = await listening(t);
    assert.equal((await stat(socket)).mode & 0o777, 0o600);
  });

  test('with a group, its members as well', { skip: onlyRoot }, async (t) => {
    const { socket } = await listening(t, { group: 'nogroup' });
    const { mode, gid } = await stat(socket);
    assert.equal(mode & 0o777, 0o660);
    assert.equal(String(gid), (await runCommand('getent', 'group', 'nogroup')).split(':')[2]);
    const { socket: other } = await listening(t, { group: '12345' });
    assert.equal((await stat(other)).gid, 12_345);
  });

  test('no one else gets in', { skip: onlyRoot }, async (t) => {
    const folder = await tempFolder(t);
    await runCommand('chmod', '755', folder);
    const { socket } = await listening(t, {
      ...{ path: path.join(folder, 'agent.sock'), group: '12345' },
    });
    const tries = (...as: string[]) =>
      runCommand(
        ...['setpriv', '--reuid=65534', '--clear-groups', ...as, process.execPath, '-e'],
        `require('net').connect(${JSON.stringify(socket)})
           .on('connect', () => { console.log('in'); process.exit(); })
           .on('error', (error) => console.log(error.code))`,
      );
    assert.equal((await tries('--regid=65534')).trim(), 'EACCES');
    assert.equal((await tries('--regid=12345')).trim(), 'in');
  });

  test('a group that does not exist is an error', async (t) => {
    const { commands, log } = answering(t);
    const path = `${await tempFolder(t)}/agent.sock`;
    await assert.rejects(
      SocketChannel.open({ path, group: 'no-such-group' }, commands, log),
      /^UserError: group no-such-group \(control.group\): no such group/,
    );
  });
});

describe('where the socket is', () => {
  test('the file of an agent that was killed is replaced', async (t) => {
    const file = path.join(await tempFolder(t), 'agent.sock');
    await leaveSocket(file);
    assert.ok((await stat(file)).isSocket());
    const { socket } = await listening(t, { path: file });
    assert.ok((await answerMs(t, socket)) > 0);
  });

  test('a living agent keeps it, and so does any other program', async (t) => {
    const { socket, commands, log } = await listening(t);
    const open = (at: string) => SocketChannel.open({ path: at }, commands, log);
    await assert.rejects(open(socket), /another agent is listening there/);
    assert.ok((await answerMs(t, socket)) > 0);
    const other = path.join(await tempFolder(t), 'other.sock');
    const server = createServer().listen(other);
    t.after(() => server.close());
    await once(server, 'listening');
    await assert.rejects(open(other), /another agent is listening there/);
  });

  test('nothing else is touched', async (t) => {
    const { commands, log } = answering(t);
    const folder = await tempFolder(t);
    await writeFile(`${folder}/file`, 'mine');
    await symlink(`${folder}/file`, `${folder}/link`);
    const open = (name: string) => SocketChannel.open({ path: `${folder}/${name}` }, commands, log);
    await assert.rejects(open('file'), /something that is no socket is there/);
    await assert.rejects(open('link'), /something that is no socket is there/);
    await assert.rejects(open('x'.repeat(120)), /its path is longer than 107 bytes/);
    await assert.rejects(open('file/agent.sock'), /E(NOTDIR|EXIST)/);
  });

  test('it is gone after the end', async (t) => {
    const { channel, socket } = await listening(t);
    await channel.close();
    await assert.rejects(stat(socket), /ENOENT/);
  });
});

describe('others that behave badly', () => {
  test('ten thousand malformed lines, half a line and 64 silent connections hold up nobody', async (t) => {
    const { socket } = await listening(t);
    const silent = await Promise.all(Array.from({ length: 62 }, () => Client.connect(t, socket)));
    const half = await Client.connect(t, socket);
    half.write('{"jsonrpc":"2.0","id":1,');
    const flood = await Client.connect(t, socket);
    // Whatever else the machine does only adds to the time.
    let fastestMs = Infinity;
    for (let attempt = 1; attempt <= 5 && fastestMs > 100; attempt++) {
      flood.write('{"jsonrpc":"2.0","nonsense\n'.repeat(10_000));
      fastestMs = Math.min(fastestMs, await answerMs(t, socket));
      assert.equal((await flood.count(attempt * 10_000)).length, attempt * 10_000);
    }
    assert.ok(fastestMs <= 100, `${fastestMs} ms`);
    // The one that was first and has asked nothing since has had to go.
    assert.equal(silent.filter(({ closed }) => closed).length, 1);
    assert.ok(silent[0]?.closed);
  });

  test('many commands leave packets their turns of the event loop', async (t) => {
    const { socket, tasks } = await listening(t);
    const { work, mostInARow } = longWork(t);
    t.mock.method(tasks, 'list', () => {
      work();
      return [];
    });
    const count = 200;
    const clients = await Promise.all([1, 2].map(() => Client.connect(t, socket)));
    const line = '{"jsonrpc":"2.0","id":1,"method":"task_list"}\n';
    for (const client of clients) client.write(line.repeat(count));
    for (const client of clients) await client.count(count);
    assert.ok(mostInARow() <= 10, `${mostInARow()} commands in a row`);
  });

  test('a command that takes long keeps its place, and holds up no other connection', async (t) => {
    const { socket, tasks } = await listening(t, {}, { hangs: true });
    const busy = await Client.connect(t, socket);
    busy.request('task_create', { config: shortTask('a') });
    await waitFor(() => tasks.list().length === 1, { limitMs: 5000, what: 'the task' });
    for (let other = 0; other < 70; other++) await Client.connect(t, socket);
    await answerMs(t, socket);
    assert.equal(busy.closed, false);
    const deleting = await Client.connect(t, socket);
    deleting.request('task_delete', { task_id: 'a' });
    await deleting.count(1);
    assert.match(JSON.stringify(await busy.count(1)), /-32603.*stopped while it was starting/);
  });

  test('one that reads no answers is not read on, and can be put out', async (t) => {
    const { socket } = await listening(t);
    const deaf = await Client.connect(t, socket);
    deaf.socket.pause();
    const line = `{"jsonrpc":"2.0","id":"${'x'.repeat(100_000)}","method":"nonsense"}\n`;
    // Far more than the kernel keeps for whoever will read it.
    for (let count = 0; count < 100; count++) deaf.write(line);
    const isOut = async () => {
      for (let other = 0; other < 32; other++) await Client.connect(t, socket);
      return deaf.closed;
    };
    await waitFor(isOut, { limitMs: 10_000, what: 'others to take its place' });
    assert.ok((await answerMs(t, socket)) > 0);
  });

  test('one that breaks off in the middle is forgotten', async (t) => {
    const { socket, records } = await listening(t);
    for (let count = 0; count < 200; count++) {
      const client = await Client.connect(t, socket);
      client.write('{"jsonrpc":"2.0","id":1,"method":"task_list"}\n{');
      client.socket.destroy();
    }
    assert.ok((await answerMs(t, socket)) > 0);
    assert.ok(!records.some(({ level }) => level === 'error'));
  });
});

/** Leaves the file of a socket behind on which nobody listens, as a process that was killed does. */
async function leaveSocket(file: string): Promise<void> {
  await runCommand(
    ...[process.execPath, '-e'],
    `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ).catch(() => undefined);
}
