import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';

import mqtt, { type MqttClient } from 'mqtt';

import { freePort } from './free-port.js';
import { tempFolder } from './temp-folder.js';
import { hasEnded, spawnTied } from './tied-process.js';
import { waitFor } from './wait-for.js';

const LIMIT_MS = 10_000;

/** What a broker has received and handed on. */
export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
}

/** A real Mosquitto of the test's own, on a port for plain connections and one with `settings` (mosquitto.conf). */
export class Mosquitto {
  readonly port: number;
  /** Of the listener that the settings are about. */
  readonly otherPort: number;
  readonly #configuration: string;
  #process: ChildProcess | undefined;

  private constructor(ports: readonly [number, number], configuration: string) {
    [this.port, this.otherPort] = ports;
    this.#configuration = configuration;
  }

  static async start(t: TestContext, settings: readonly string[] = []): Promise<Mosquitto> {
    const folder = await tempFolder(t);
    const ports = [await freePort(), await freePort()] as const;
    const configuration = path.join(folder, 'mosquitto.conf');
    await writeFile(
      configuration,
      [
        ...['per_listener_settings true', 'max_queued_messages 0', 'user root'],
        ...[`listener ${ports[0]} 127.0.0.1`, 'allow_anonymous true'],
        ...(settings.length > 0 ? [`listener ${ports[1]} 127.0.0.1`, ...settings] : []),
        '',
      ].join('\n'),
    );
    const broker = new Mosquitto(ports, configuration);
    t.after(() => broker.kill());
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const broker = spawnTied(['mosquitto', '-c', this.#configuration], { stdio: 'ignore' });
    this.#process = broker;
    await waitFor(() => hasEnded(broker) || listens(this.port), {
      limitMs: LIMIT_MS,
      what: 'Mosquitto to listen',
    });
    if (hasEnded(broker)) throw new Error('Mosquitto has ended');
  }

  async kill(): Promise<void> {
    if (!this.#process || hasEnded(this.#process)) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  /** Stops it where it is, until it is signalled SIGCONT. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(name);
  }

  /** All that it receives from now on. */
  async subscribe(t: TestContext): Promise<Received[]> {
    const received: Received[] = [];
    const client: MqttClient = await mqtt.connectAsync(`mqtt://127.0.0.1:${this.port}`, {
      reconnectPeriod: 50,
    });
    client.on('message', (topic, payload, { qos, retain }) => {
      received.push({ topic, payload, qos, retain });
    });
    t.after(() => client.endAsync(true));
    await client.subscribeAsync('#', { qos: 1 });
    return received;
  }
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
