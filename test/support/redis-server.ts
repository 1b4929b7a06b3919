import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';

import { freePort } from './free-port.js';
import { runCommand } from './run-command.js';
import { tempFolder } from './temp-folder.js';
import { hasEnded, spawnTied } from './tied-process.js';
import { waitFor } from './wait-for.js';

/** A Redis of the test's own. */
export interface RedisServer {
  readonly port: number;
  /** Publishes a message; how many subscribers got it. */
  publish(channel: string, message: string): Promise<number>;
  /** Publishes many messages over one connection. */
  publishAll(channel: string, messages: readonly string[]): Promise<void>;
  /** Waits until the channel has a subscriber. */
  subscribed(channel: string): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** @param settings.options of its command line, such as `['--requirepass', 'secret']` */
export async function redisServer(
  t: TestContext,
  {
    options = [],
    password,
    tls = false,
  }: {
    readonly options?: readonly string[];
    readonly password?: string;
    readonly tls?: boolean;
  } = {},
): Promise<RedisServer> {
  const port = await freePort();
  const folder = await tempFolder(t);
  let server: ChildProcess;
  const start = async () => {
    const ports = tls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)];
    const place = ['--bind', '127.0.0.1', ...ports, '--dir', folder];
    server = spawnTied(['redis-server', ...place, '--save', '', ...options], { stdio: 'ignore' });
    await waitFor(() => accepts(port), { limitMs: 20_000, what: 'Redis to listen' });
  };
  const kill = async () => {
    if (hasEnded(server)) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  await start();
  t.after(kill);
  const ask = (...words: readonly string[]) =>
    runCommand(
      ...(['redis-cli', '-p', String(port), '--no-auth-warning'] as const),
      ...(password === undefined ? [] : ['-a', password]),
      ...words,
    );
  return {
    port,
    kill,
    restart: start,
    publish: async (channel, message) => Number(await ask('PUBLISH', channel, message)),
    publishAll: (channel, messages) =>
      sendAll(
        port,
        messages.map((message) => ['PUBLISH', channel, message]),
      ),
    subscribed: async (channel) => {
      await waitFor(async () => (await ask('PUBSUB', 'NUMSUB', channel)).endsWith('\n1\n'), {
        limitMs: 20_000,
        what: `a subscriber of ${channel}`,
      });
    },
  };
}

/** Sends commands in Redis's protocol, and waits until each has been answered with a number. */
async function sendAll(port: number, commands: readonly (readonly string[])[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let answers = 0;
  socket.on('data', (bytes) => (answers += bytes.toString('latin1').split('\n').length - 1));
  try {
    for (const words of commands) {
      socket.write(`*${words.length}\r\n`);
      for (const word of words) {
        const bytes = Buffer.from(word);
        socket.write(Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF]));
      }
    }
    await waitFor(() => answers >= commands.length, {
      limitMs: 30_000,
      what: 'all messages to be published',
    });
  } finally {
    socket.destroy();
  }
}

const CRLF = Buffer.from('\r\n');

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
