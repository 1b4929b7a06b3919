import { type ChildProcess } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';

import { findWiresharkFolders } from '#kcap/extcap/wireshark-folders.js';

import {
  clientHello,
  dns,
  ethernet,
  icmp,
  ipv4,
  question,
  tcp,
  text,
  u16,
  udp,
} from '../frames.js';
import { netNamespace, type NetNamespace } from '../net-namespace.js';
import { pcapFile } from '../pcap-file.js';
import { KAFKA_JAVA } from '../kafka-java.js';
import { startRealKafka } from '../real-kafka.js';
import { repository } from '../repository.js';
import { runCommand } from '../run-command.js';
import { tempFolder } from '../temp-folder.js';
import { hasEnded, spawnTied } from '../tied-process.js';
import { waitFor } from '../wait-for.js';

/**
 * The machine that the pages of docs/ speak of: eth0 and eth1 with traffic, a Kafka at localhost:9092 with a topic `pcap`
 * that has packets of the last 40 minutes and gets new ones, and trace.pcapng.gz in the folder that one is in. All of it is
 * in a network namespace; what commands write to /srv, /var/spool and the home folder goes to a folder of the
 * test's, and what they install for Wireshark, too.
 */
export interface DocsWorld {
  /** A place to type commands in, with a folder of its own. */
  desk(): Promise<Desk>;
}

export interface Desk {
  /** Starts a command line in bash. */
  start(command: string): ChildProcess;
  /** Bytes in all files that commands can have written here. */
  written(): Promise<number>;
  /** Frames that eth0 and eth1 have received so far; the one that has fewer. */
  received(): Promise<number>;
}

const INTERFACES = ['eth0', 'eth1'];
const HISTORY_MINUTES = 40;

/** A packet of each kind that the pages filter by, over and over. */
const HOST = { source: '192.0.2.7', destination: '198.51.100.2' };
const ip = (protocol: number, payload: Buffer) => ethernet(0x0800, ipv4(protocol, payload, HOST));
const WAY = { addresses: HOST };
export const TRAFFIC: readonly Buffer[] = [
  ip(6, tcp([50_000, 443], Buffer.alloc(0), { ...WAY, flags: 'S' })),
  ip(6, tcp([50_000, 443], clientHello('www.example.org'), WAY)),
  ip(17, udp([40_000, 53], dns({}, { questions: [question('www.example.org')] }), WAY)),
  ip(
    17,
    udp([5060, 5060], text('OPTIONS sip:example.org SIP/2.0', 'CSeq: 1 OPTIONS', '', ''), WAY),
  ),
  ip(1, icmp(8, 0, u16(1, 1))),
  ip(6, tcp([50_000, 443], Buffer.alloc(0), { ...WAY, flags: 'R' })),
];

/** In a session of its own, as Ctrl-C ends tcpdump in the middle of a packet. */
const TO_THE_END = 'exec setsid --wait tcpdump -l -n -r -';

/**
 * Programs that stand in for others, with the reason. What they are fed is read for real: by tcpdump's libpcap, which
 * Suricata, Zeek and ntopng use, or by the part of Wireshark that has no window.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  // None of the three is in Debian 12.
  suricata: TO_THE_END,
  zeek: TO_THE_END,
  ntopng: TO_THE_END,
  // Its other end is another machine, which reads packets or has some.
  nc: `case $1 in -l) ${TO_THE_END} ;; *) exec zcat trace.pcapng.gz ;; esac`,
  // Needs a screen.
  wireshark: 'exec tshark -i -',
  // Who runs the test is root.
  sudo: 'exec "$@"',
  // A copy of node that has capabilities.
  'kcap-node': `exec '${process.execPath}' "$@"`,
  // Kafka's own, without its folder of shell scripts.
  'kafka-topics.sh': `exec ${javaLine('org.apache.kafka.tools.TopicCommand')} "$@"`,
  'kafka-configs.sh': `exec ${javaLine('kafka.admin.ConfigCommand')} "$@"`,
};

function javaLine(program: string): string {
  return [...KAFKA_JAVA, program].map((word) => `'${word}'`).join(' ');
}

export async function docsWorld(t: TestContext): Promise<DocsWorld> {
  const namespace = await netNamespace(t);
  const folder = await tempFolder(t);
  await chmod(folder, 0o755);
  await namespace.set('net.ipv6.conf.default.disable_ipv6', '1');
  await Promise.all(INTERFACES.map((name) => addInterface(namespace, name)));
  const kafka = await startRealKafka({
    under: namespace.under,
    ports: { broker: 9092, controller: 19_092 },
    listeners: ['OTHER://127.0.0.1:9093'],
    properties: {
      'auto.create.topics.enable': 'true',
      'num.partitions': '4',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    },
  });
  t.after(() => kafka.close());

  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  await symlink(`${repository}bin/kcap`, path.join(bin, 'kcap'));
  for (const [name, line] of Object.entries(STAND_INS))
    await writeFile(path.join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  const files = { 'trace.pcapng.gz': gzipSync(await pcapng(folder)) };

  const world: DocsWorld = {
    desk: async () => new OwnDesk(namespace, await deskFolder(folder, files), bin),
  };
  const desk = await world.desk();
  await ended(
    desk.start('kcap -p -k localhost:9092 -t pcap -r trace.pcapng.gz --kafka-timestamp packet'),
  );
  await beginTraffic(t, namespace, folder);
  await begin(t, desk.start('kcap -p -k localhost:9092 -t pcap -i eth0'));
  return world;
}

async function addInterface(place: NetNamespace, name: string): Promise<void> {
  const ip = (...args: readonly string[]) => runCommand('ip', '-n', place.name, ...args);
  await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', peerOf(name));
  for (const end of [name, peerOf(name)]) await ip('link', 'set', end, 'arp', 'off', 'up');
  await waitFor(
    async () => (await place.run('cat', `/sys/class/net/${name}/operstate`)) === 'up\n',
    {
      limitMs: 10_000,
      what: `${name} to be up`,
    },
  );
}

const peerOf = (name: string) => `${name}-peer`;

/** Sends the traffic into both interfaces until the test ends. */
async function beginTraffic(
  t: TestContext,
  { under }: NetNamespace,
  folder: string,
): Promise<void> {
  const file = path.join(folder, 'traffic.pcap');
  await writeFile(file, pcapFile({ packets: TRAFFIC.map(now) }));
  for (const name of INTERFACES) {
    const flags = ['--quiet', '--preload-pcap', '--loop=0', '--pps=200'];
    const replay = spawnTied([...under, 'tcpreplay', ...flags, `--intf1=${peerOf(name)}`, file], {
      stdio: 'ignore',
    });
    t.after(() => replay.kill('SIGKILL'));
  }
}

const now = (frame: Buffer) => ({ seconds: Math.floor(Date.now() / 1000), fraction: 0, frame });

/** The packets of the last 40 minutes, one each second. */
async function pcapng(folder: string): Promise<Buffer> {
  const end = Math.floor(Date.now() / 1000);
  const packets = Array.from({ length: HISTORY_MINUTES * 60 }, (_, index) => ({
    seconds: end - HISTORY_MINUTES * 60 + index,
    fraction: 0,
    frame: TRAFFIC[index % TRAFFIC.length] ?? Buffer.alloc(0),
  }));
  const file = path.join(folder, 'trace.pcap');
  await writeFile(file, pcapFile({ packets }));
  await runCommand('editcap', '-F', 'pcapng', file, `${file}ng`);
  return readFile(`${file}ng`);
}

async function deskFolder(
  folder: string,
  files: Readonly<Record<string, Buffer>>,
): Promise<string> {
  const own = await mkdtemp(path.join(folder, 'desk-'));
  await chmod(own, 0o755);
  for (const name of ['home', 'srv', 'srv/pcap', 'spool', 'extcap'])
    await mkdir(path.join(own, name));
  // Who gives up root with -Z writes here, too.
  await chmod(path.join(own, 'home'), 0o777);
  await writeFile(path.join(own, 'hosts'), '127.0.0.1 localhost kafka1 old new\n');
  for (const [name, bytes] of Object.entries(files))
    await writeFile(path.join(own, 'home', name), bytes);
  return own;
}

/** Where Wireshark looks for programs that it captures with: one for all users, before 4.2. */
const extcap = (await findWiresharkFolders())?.global;

/** `ip netns exec` gives each command a mount namespace of its own. */
const MOUNT = [
  'mount --bind "$0/hosts" /etc/hosts',
  'mount --bind "$0/spool" /var/spool',
  'mount --bind "$0/srv" /srv',
  ...(extcap === undefined ? [] : [`mount --bind "$0/extcap" '${extcap}'`]),
  'exec "$@"',
].join(' && ');

/** Where the ports of localhost are free: the in-memory Kafka takes the place of the real one. */
const APART = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

class OwnDesk implements Desk {
  readonly #namespace: NetNamespace;
  readonly #folder: string;
  readonly #bin: string;

  constructor(namespace: NetNamespace, folder: string, bin: string) {
    this.#namespace = namespace;
    this.#folder = folder;
    this.#bin = bin;
  }

  start(command: string): ChildProcess {
    const home = path.join(this.#folder, 'home');
    const own = new Set(['NODE_OPTIONS', 'NODE_TEST_CONTEXT']);
    const inherited = Object.entries(process.env).filter(([name]) => !own.has(name));
    return spawnTied(
      [
        ...[...this.#namespace.under, 'sh', '-c', MOUNT, this.#folder],
        ...(command.startsWith('kcap broker') ? APART : []),
        ...['bash', '-c', `set -o pipefail; ${command}`],
      ],
      {
        cwd: home,
        env: {
          ...Object.fromEntries(inherited),
          ...{ HOME: home, KCAP_NODE: process.execPath },
          PATH: `${this.#bin}:${process.env['PATH'] ?? ''}`,
        },
        // A group of processes of its own, as a terminal gives each command line: Ctrl-C reaches all of it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  }

  async written(): Promise<number> {
    let bytes = 0;
    for (const name of await readdir(this.#folder, { recursive: true }))
      // Rings remove files meanwhile.
      bytes += (await stat(path.join(this.#folder, name)).catch(() => undefined))?.size ?? 0;
    return bytes;
  }

  async received(): Promise<number> {
    const said = await runCommand('ip', '-n', this.#namespace.name, '-j', '-s', 'link', 'show');
    const links = JSON.parse(said) as {
      ifname: string;
      stats64: { rx: { packets: number } };
    }[];
    const ours = links.filter(({ ifname }) => INTERFACES.includes(ifname));
    return Math.min(...ours.map(({ stats64 }) => stats64.rx.packets));
  }
}

/** Waits for the end of a command that sets the world up. */
async function ended(child: ChildProcess): Promise<void> {
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdout?.resume();
  await waitFor(() => hasEnded(child), { limitMs: 60_000, what: 'the history of the topic' });
  if (child.exitCode !== 0) throw new Error(Buffer.concat(said).toString());
}

/** Waits until a command that lasts as long as the test has begun. */
async function begin(t: TestContext, child: ChildProcess): Promise<void> {
  t.after(() => child.kill('SIGKILL'));
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdout?.resume();
  const begun = () => Buffer.concat(said).toString().includes('"started"');
  await waitFor(() => begun() || hasEnded(child), { limitMs: 60_000, what: 'the live capture' });
  if (hasEnded(child)) throw new Error(Buffer.concat(said).toString());
}
