import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';

import { freePort } from '#support/free-port.js';
import { hasEnded, spawnTied } from '#support/tied-process.js';
import { waitFor } from '#support/wait-for.js';
import type { Scope } from './scope.js';

/** A Mosquitto to which nobody has subscribed; its port. */
export async function startMosquitto(scope: Scope, folder: string): Promise<number> {
  const port = await freePort();
  const configuration = path.join(folder, `mosquitto-${port}.conf`);
  await writeFile(configuration, `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\n`);
  const broker = spawnTied(['mosquitto', '-c', configuration], { stdio: 'ignore' });
  scope.after(async () => {
    const exit = once(broker, 'exit');
    if (broker.kill('SIGKILL')) await exit;
  });
  await waitFor(() => hasEnded(broker) || listens(port), { limitMs: 10_000, what: 'Mosquitto' });
  if (hasEnded(broker)) throw new Error('Mosquitto has ended');
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
