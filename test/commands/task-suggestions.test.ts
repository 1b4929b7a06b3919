import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { taskSuggestions } from '#kcap/commands/task-suggestions.js';

import { tempFolder } from '../support/temp-folder.js';

/** The socket of an agent that answers each request so, or not at all. */
async function agent(t: TestContext, answer: string | undefined): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', () => answer !== undefined && socket.write(`${answer}\n`));
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const place = path.join(await tempFolder(t), 'agent.sock');
  server.listen(place);
  await once(server, 'listening');
  return place;
}

test("suggests an agent's tasks, with their states", async (t) => {
  const tasks = { sip: 'running', web: 'failed' };
  const socket = await agent(t, JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tasks } }));
  const found = [
    { text: 'sip', describe: 'running' },
    { text: 'web', describe: 'failed' },
  ];
  assert.deepEqual(await taskSuggestions(['task', '--socket', socket, 'stop']), found);
  assert.deepEqual(await taskSuggestions([`--socket=${socket}`, 'stop']), found);
});

test('suggests no task where no agent answers', async (t) => {
  const error = { code: -32603, message: 'no' };
  for (const socket of [
    '/no/such.sock',
    await agent(t, undefined),
    await agent(t, JSON.stringify({ jsonrpc: '2.0', id: 1, error })),
    await agent(t, 'what?'),
  ])
    assert.deepEqual(await taskSuggestions(['--socket', socket]), [], socket);
});
