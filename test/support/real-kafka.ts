import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freePort } from './free-port.js';
import { kafkaJava, QUICK_TO_START } from './kafka-java.js';
import { formatStorage } from './kafka-storage.js';
import { fetchMetadata } from './peer.js';
import { runCommand } from './run-command.js';
import { hasEnded, spawnTied } from './tied-process.js';
import { waitFor } from './wait-for.js';

/** A start takes some five seconds, and many times as long where others start beside it. */
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 20_000;

/** In a broker's folder. */
const DATA = 'data';

export interface RealKafkaOptions {
  /** Lines of server.properties, added to those below or in their place. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Options of the Java machine, such as -Djava.security.krb5.conf=... */
  readonly javaOptions?: readonly string[];
  /** Listeners beside the plain one, as NAME://HOST:PORT, which is also what clients are told. */
  readonly listeners?: readonly string[];
  /** What clients of some of these listeners are told instead, HOST:PORT by NAME. */
  readonly advertised?: Readonly<Record<string, string>>;
  /** Whether it has to be quick for minutes, rather than soon there. */
  readonly lasting?: boolean;
  /** Options of the storage tool, such as --add-scram. */
  readonly formatOptions?: readonly string[];
  /** Its ports instead of free ones, where nobody else can have them: in a network namespace of the test's own. */
  readonly ports?: { readonly broker: number; readonly controller: number };
  /** A file in which its end leaves the classes that it has loaded. */
  readonly archiveClassesTo?: string | undefined;
  /** A command that the broker runs under, and whoever asks it: `ip netns exec NAME`. */
  readonly under?: readonly string[];
}

/** A Kafka 4 of the test's own: one process that is broker and controller (KRaft). */
export interface RealKafka {
  /** HOST:PORT, as for kcap's -k. It stays the same over restarts. */
  readonly brokers: string;
  /** Of the broker's process, while it runs. */
  readonly pid: number | undefined;
  /** Where it keeps its topics, a folder for each partition. */
  readonly dataFolder: string;
  /** Ends the broker as an administrator would; its data stays. */
  stop(): Promise<void>;
  /** Ends the broker as a power cut would; its data stays. */
  kill(): Promise<void>;
  /**
   * Starts the broker again, after stopping it if it runs, and waits until it serves. Gives the time (performance.now)
   * since which it has taken connections.
   */
  restart(): Promise<number>;
  /** Ends the broker for good and removes its data. */
  close(): Promise<void>;
}

/** Several of them that are one cluster. */
export interface RealKafkaCluster {
  /** HOST:PORT,HOST:PORT,... */
  readonly brokers: string;
  /** The broker that metadata calls by this number, 1 for the first. */
  node(id: number): RealKafka;
  close(): Promise<void>;
}

/** Starts a Kafka and waits until it answers. Whoever starts it closes it. */
export async function startRealKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  const cluster = await startRealKafkaCluster(1, options);
  return cluster.node(1);
}

/**
 * Starts a cluster of so many brokers, which keeps its own topics on up to three of them, and waits until all of them
 * are in it. It goes on as long as more than half of them run.
 */
export async function startRealKafkaCluster(
  size: number,
  options: RealKafkaOptions = {},
): Promise<RealKafkaCluster> {
  const { ports } = options;
  const places = ports
    ? [{ id: 1, port: ports.broker, controllerPort: ports.controller }]
    : await freePlaces(size);
  const cluster = new Cluster(
    await Promise.all(
      places.map(async (place) => {
        const folder = await mkdtemp(path.join(tmpdir(), 'kcap-kafka-'));
        return new Broker(folder, place, {
          properties: {
            ...defaultProperties(folder, place, places, options),
            ...options.properties,
          },
          formatOptions: options.formatOptions ?? [],
          under: options.under ?? [],
          archiveClassesTo: options.archiveClassesTo,
          javaOptions: [
            ...(options.lasting === true ? [] : QUICK_TO_START),
            size === 1 ? '-Xmx512m' : '-Xmx256m',
            ...(options.javaOptions ?? []),
          ],
        });
      }),
    ),
    options.under ?? [],
  );
  try {
    await cluster.start();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Where a broker is. */
interface Place {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

async function freePlaces(count: number): Promise<Place[]> {
  const ports = new Set<number>();
  while (ports.size < 2 * count) ports.add(await freePort());
  const [...free] = ports;
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    port: free[2 * index] ?? 0,
    controllerPort: free[2 * index + 1] ?? 0,
  }));
}

function defaultProperties(
  folder: string,
  { id, port, controllerPort }: Place,
  cluster: readonly Place[],
  { listeners: moreListeners = [], advertised = {} }: RealKafkaOptions,
): Record<string, string> {
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, ...moreListeners];
  const toldOf = (listener: string) => {
    const [name = ''] = listener.split('://');
    return name in advertised ? `${name}://${advertised[name]}` : listener;
  };
  const replicas = String(Math.min(cluster.length, 3));
  const inSync = cluster.length < 3 ? '1' : '2';
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': listeners.map(toldOf).join(','),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': cluster
      .map((voter) => `${voter.id}@127.0.0.1:${voter.controllerPort}`)
      .join(','),
    'log.dirs': path.join(folder, DATA),
    'auto.create.topics.enable': 'false',
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
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

class Cluster implements RealKafkaCluster {
  readonly brokers: string;
  readonly #nodes: readonly Broker[];
  readonly #under: readonly string[];

  constructor(nodes: readonly Broker[], under: readonly string[]) {
    this.brokers = nodes.map(({ brokers }) => brokers).join(',');
    this.#nodes = nodes;
    this.#under = under;
  }

  node(id: number): RealKafka {
    const node = this.#nodes[id - 1];
    if (!node) throw new Error(`There is no broker ${id}`);
    return node;
  }

  async start(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async (node) => {
        await node.format();
        await node.restart();
      }),
    );
    await waitFor(
      async () => (await countBrokers(this.brokers, this.#under)) === this.#nodes.length,
      { limitMs: START_LIMIT_MS, what: `all brokers of ${this.brokers}` },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }
}

type BrokerOptions = Required<
  Omit<RealKafkaOptions, 'listeners' | 'advertised' | 'lasting' | 'ports'>
>;

class Broker implements RealKafka {
  readonly brokers: string;
  readonly dataFolder: string;
  readonly #nodeId: number;
  readonly #folder: string;
  readonly #logFile: string;
  readonly #propertiesFile: string;
  readonly #options: BrokerOptions;
  #process: ChildProcess | undefined;

  constructor(folder: string, { id, port }: Place, options: BrokerOptions) {
    this.brokers = `127.0.0.1:${port}`;
    this.#nodeId = id;
    this.dataFolder = path.join(folder, DATA);
    this.#folder = folder;
    this.#logFile = path.join(folder, 'kafka.log');
    this.#propertiesFile = path.join(folder, 'server.properties');
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Makes what it needs to be started. */
  async format(): Promise<void> {
    await writeFile(this.#propertiesFile, propertyLines(this.#options.properties));
    await formatStorage({
      nodeId: this.#nodeId,
      dataFolder: this.dataFolder,
      propertiesFile: this.#propertiesFile,
      options: this.#options.formatOptions,
    });
  }

  async restart(): Promise<number> {
    await this.stop();
    const log = await open(this.#logFile, 'a');
    const { archiveClassesTo: archive } = this.#options;
    const sharing = archive === undefined ? undefined : [`-XX:ArchiveClassesAtExit=${archive}`];
    const java = [...kafkaJava(sharing), '-Dorg.slf4j.simpleLogger.showDateTime=true'];
    const broker = spawnTied(
      [
        ...this.#options.under,
        ...[...java, ...this.#options.javaOptions, 'kafka.Kafka', this.#propertiesFile],
      ],
      { stdio: ['ignore', log.fd, log.fd] },
    );
    // A command that can't be started (no Java) shows as an error and nothing else.
    let failure: Error | undefined;
    broker.on('error', (error) => (failure = error));
    this.#process = broker;
    await log.close();

    const limit = { limitMs: START_LIMIT_MS, what: `Kafka at ${this.brokers}` };
    const started = async (): Promise<number> => {
      const listensAt = await waitFor(async () => {
        if (failure) throw failure;
        if (hasEnded(broker)) throw new Error('Kafka ended at its start');
        return (await accepts(this.brokers, this.#options.under)) && performance.now();
      }, limit);
      await waitFor(() => serves(this.brokers, this.#options.under), limit);
      return listensAt;
    };
    return started().catch(async (error: unknown) => {
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
async function accepts(broker: string, under: readonly string[]): Promise<boolean> {
  const [host = '', port = ''] = broker.split(':');
  const [command, ...words] = under;
  if (command !== undefined)
    return runCommand(command, ...words, 'bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`).then(
      () => true,
      () => false,
    );
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

async function serves(brokers: string, under: readonly string[]): Promise<boolean> {
  try {
    return (await countBrokers(brokers, under)) > 0;
  } catch {
    return false;
  }
}

/** How many brokers these know of; by kcat where they can be asked under a command only. */
async function countBrokers(brokers: string, under: readonly string[]): Promise<number> {
  const [command, ...words] = under;
  if (command === undefined) return (await fetchMetadata(brokers)).brokers.length;
  const said = await runCommand(command, ...words, 'kcat', '-b', brokers, '-L', '-J');
  return (JSON.parse(said) as { brokers: readonly unknown[] }).brokers.length;
}
