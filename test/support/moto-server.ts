import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

import { freePort } from './free-port.js';
import { repository } from './repository.js';
import { hasEnded, spawnTied } from './tied-process.js';
import { waitFor } from './wait-for.js';

/** A server that speaks as S3 and SQS do. What it has is in memory, and gone with it. */
export interface MotoServer {
  readonly endpoint: string;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

export async function motoServer(t: TestContext): Promise<MotoServer> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let server: ChildProcess;
  const start = async () => {
    server = spawnTied(
      [`${repository}.cache/moto/bin/moto_server`, '-H', '127.0.0.1', '-p', String(port)],
      { stdio: 'ignore' },
    );
    await waitFor(() => answers(endpoint), { limitMs: 60_000, what: 'moto to answer' });
  };
  const kill = async () => {
    if (hasEnded(server)) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  await start();
  t.after(kill);
  return { endpoint, kill, restart: start };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/moto-api/`)).ok;
  } catch {
    return false;
  }
}
