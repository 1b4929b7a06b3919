import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freePort } from './free-port.js';
import { fetchMetadata } from './peer.js';
import { repository } from './repository.js';
import { runCommand } from './run-command.js';
import { hasEnded, spawnTied } from './tied-process.js';
import { waitFor } from './wait-for.js';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
/** Without performance data, which Java would leave in /tmp. */
const JAVA = ['java', '-XX:-UsePerfData', '-cp', `${repository}.cache/kafka/lib/*`] as const;

export interface RealKafkaOptions {
  /** Lines of server.properties, added to those below or in their place. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Options of the Java machine, such as -Djava.security.krb5.conf=... */
  readonly javaOptions?: readonly string[];
}

/** A Kafka 4 of the test's own: one process that is broker and controller (KRaft). */
export interface RealKafka {
  /** HOST:PORT, as for kcap's -k. It stays the same over restarts. */
  readonly brokers: string;
  /** Ends the broker as an administrator would; its data stays. */
  stop(): Promise<void>;
  /** Ends the broker as a power cut would; its data stays. */
  kill(): Promise<void>;
  /** Starts the broker again, after stopping it if it runs, and waits until it serves. */
  restart(): Promise<void>;
  /** Ends the broker for good and removes its data. */
  close(): Promise<void>;
}

/** Starts a Kafka and waits until it answers. Whoever starts it closes it. */
export async function startRealKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kcap-kafka-'));
  const port = await freePort();
  const propertiesFile = path.join(folder, 'server.properties');
  const properties = {
    ...defaultProperties(folder, port, await freePort()),
    ...options.properties,
  };
  const broker = new Broker(`127.0.0.1:${port}`, folder, [
    '-Xmx512m',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    ...(options.javaOptions ?? []),
    'kafka.Kafka',
    propertiesFile,
  ]);
  try {
    await writeFile(propertiesFile, propertyLines(properties));
    await formatStorage(propertiesFile);
    await broker.restart();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

function defaultProperties(
  folder: string,
  port: number,
  controllerPort: number,
): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': path.join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A restarted broker waits out its old session before it serves: 9 s by default.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    // Packets keep their time, and tests send packets of years ago: they must not be deleted under the test's eyes.
    'log.retention.ms': '-1',
  };
}

function propertyLines(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function formatStorage(propertiesFile: string): Promise<void> {
  // Any 16 bytes will do; this writes them in the form that the tool takes.
  const clusterId = Buffer.from('kcap test broker').toString('base64url');
  await runCommand(
    ...JAVA,
    'kafka.tools.StorageTool',
    'format',
    `--cluster-id=${clusterId}`,
    '-c',
    propertiesFile,
  );
}

class Broker implements RealKafka {
  readonly brokers: string;
  readonly #folder: string;
  readonly #logFile: string;
  readonly #javaArguments: readonly string[];
  #process: ChildProcess | undefined;

  constructor(brokers: string, folder: string, javaArguments: readonly string[]) {
    this.brokers = brokers;
    this.#folder = folder;
    this.#logFile = path.join(folder, 'kafka.log');
    this.#javaArguments = javaArguments;
  }

  async restart(): Promise<void> {
    await this.stop();
    const log = await open(this.#logFile, 'a');
    const broker = spawnTied([...JAVA, ...this.#javaArguments], {
      stdio: ['ignore', log.fd, log.fd],
    });
    // A command that can't be started (no Java) shows as an error and nothing else.
    let failure: Error | undefined;
    broker.on('error', (error) => (failure = error));
    this.#process = broker;
    await log.close();

    await waitFor(
      async () => {
        if (failure) throw failure;
        if (hasEnded(broker)) throw new Error('Kafka ended at its start');
        return (await accepts(this.brokers)) && (await serves(this.brokers));
      },
      { limitMs: START_LIMIT_MS, what: `Kafka at ${this.brokers}` },
    ).catch(async (error: unknown) => {
      throw new Error(`Kafka does not serve. Its last lines:\n${await this.#logTail()}`, {
        cause: error,
      });
    });
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const broker = this.#process;
    this.#process = undefined;
    if (broker?.pid === undefined || hasEnded(broker)) return;
    const ended = once(broker, 'exit');
    const impatience = setTimeout(() => broker.kill('SIGKILL'), STOP_LIMIT_MS);
    broker.kill(signal);
    await ended;
    clearTimeout(impatience);
  }

  async #logTail(): Promise<string> {
    const lines = (await readFile(this.#logFile, 'utf8')).split('\n');
    return lines.slice(-40).join('\n');
  }
}

/** Whether anything listens there; asked first, since a Kafka client takes its time with a closed port. */
async function accepts(broker: string): Promise<boolean> {
  const [host, port] = broker.split(':');
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function serves(brokers: string): Promise<boolean> {
  try {
    return (await fetchMetadata(brokers)).brokers.length > 0;
  } catch {
    return false;
  }
}
