import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { type NetNamespace, netNamespace } from '../support/net-namespace.js';
import { readPcap } from '../support/pcap-file.js';
import { spawnTied } from '../support/tied-process.js';
import { TOLD_WITHIN_MS } from '../support/time-limits.js';
import { unchanged } from '../support/unchanged.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;
const LIMIT_MS = 10_000;

// Outside the ports that the kernel gives to connections.
const BROKER_PORT = 20_092;
const OTHER_PORT = 20_007;
const ANY_PORT = 0;
const TO = ['-k', `127.0.0.1:${BROKER_PORT}`, '-t', 'pcap'] as const;
const NO_MEMORY_FOR_FILTERS = ['net.core.optmem_max', '0'] as const;
/** One that leaves two connections out takes some 1200 bytes. */
const MEMORY_FOR_ONE_FILTER = ['net.core.optmem_max', '2000'] as const;

test('a kernel that takes no filter costs speed, not packets', { skip }, async (t) => {
  const namespace = await netNamespace(t);
  await startBroker(t, namespace);
  await namespace.set(...NO_MEMORY_FOR_FILTERS);
  const run = kcap(t, ['-p', ...TO, '-i', 'lo', '-pp', '1'], namespace);
  await run.started();
  await ping(namespace, 20);
  await waitFor(() => delivered(run) >= 40, { limitMs: LIMIT_MS, what: 'the pings' });
  assert.equal(await unchanged(() => delivered(run)), true, 'it feeds itself');
  assert.doesNotMatch(await packetSockets(namespace), /bpf filter/);
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0);
  const { packets_in, packets_out, dropped_kernel } = run.summary();
  assert.deepEqual([packets_in, packets_out, dropped_kernel], [40, 40, 0]);
  assert.equal(run.records.filter(({ level }) => level !== 'info').length, 0, run.stderr);
});

test('a kernel that takes no filter leaves -f to kcap', { skip }, async (t) => {
  const namespace = await netNamespace(t);
  await startBroker(t, namespace);
  await namespace.set(...NO_MEMORY_FOR_FILTERS);
  const args = ['-p', ...TO, '-i', 'lo', '-f', 'icmp[icmptype] == icmp-echo', '-m', '10'];
  const run = kcap(t, args, namespace);
  await run.started();
  await ping(namespace, 10);
  assert.equal((await run.exit).status, 0);
  const warning = run.records.find(({ level }) => level === 'warn');
  assert.equal(
    warning?.['msg'],
    'lo: the kernel does not take the filter (Cannot allocate memory), so kcap filters all packets itself',
  );
  const types = (await framesIn(t, namespace)).map((frame) => frame.readUInt8(14 + 20));
  assert.deepEqual(types, Array<number>(10).fill(8));
});

test(
  'memory for one filter but not for two hides no port that another program has now',
  { skip },
  async (t) => {
    const namespace = await netNamespace(t);
    const broker = await startBroker(t, namespace);
    await namespace.set(...MEMORY_FOR_ONE_FILTER);
    const run = kcap(t, ['-p', ...TO, '-i', 'lo', '-X', 'enable.idempotence=false'], namespace);
    await run.started();
    const isLeftOut = async (ports: readonly number[]) => {
      await ping(namespace, 1); // the capture looks at its filter when there is a packet
      const sockets = await packetSockets(namespace);
      return ports.length > 0 && ports.every((port) => sockets.includes(` ${port},`));
    };
    await waitFor(async () => isLeftOut(await portsOf(namespace, run.pid)), {
      limitMs: LIMIT_MS,
      what: 'the filter of the kernel',
    });
    const before = await portsOf(namespace, run.pid);
    await broker.end();
    await startBroker(t, namespace);
    await waitFor(
      async () => (await portsOf(namespace, run.pid)).some((port) => !before.includes(port)),
      { limitMs: LIMIT_MS, what: 'another connection' },
    );
    await ping(namespace, 1);
    await talk(t, namespace, before);
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    const frames = await framesIn(t, namespace, '-f', `tcp port ${OTHER_PORT}`);
    // SYN, SYN and ACK, ACK, what is said, ACK.
    assert.equal(frames.length, 5 * before.length);
  },
);

test(
  'where no local port is free, one that others have too will do, and theirs is captured',
  { skip },
  async (t) => {
    const namespace = await netNamespace(t);
    await startBroker(t, namespace);
    const [first, last] = [21_000, 21_015];
    await namespace.set('net.ipv4.ip_local_port_range', `${first} ${last}`);
    const ports = Array<number>(last - first + 1).fill(ANY_PORT);
    const others = await talk(t, namespace, ports);
    const run = kcap(t, ['-p', ...TO, '-i', 'lo', '-pp', '1'], namespace);
    await run.started();
    await ping(namespace, 20);
    await waitFor(() => delivered(run) >= 40, { limitMs: LIMIT_MS, what: 'the pings' });
    const shared = await portsOf(namespace, run.pid);
    assert.ok(shared.length > 0 && shared.every((port) => port >= first && port <= last));
    assert.equal(await unchanged(() => delivered(run)), true, 'it feeds itself');
    await others.sayMore();
    await waitFor(() => delivered(run) >= 40 + 2 * ports.length, {
      limitMs: LIMIT_MS,
      what: 'what the others said, and its acknowledgements',
    });
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0);
    assert.equal(run.summary().packets_in, 40 + 2 * ports.length);
  },
);

test('where no local port can be had at all, that is said', { skip }, async (t) => {
  const namespace = await netNamespace(t);
  await startBroker(t, namespace);
  await namespace.set('net.ipv4.ip_local_port_range', `${BROKER_PORT} ${BROKER_PORT}`);
  const run = kcap(t, ['-p', ...TO, '-i', 'lo'], namespace);
  const { status, durationMs } = await run.exit;
  assert.equal(status, 1);
  assert.ok(durationMs < TOLD_WITHIN_MS);
  assert.match(run.stderr, /kcap: .*Cannot assign requested address/);
});

async function startBroker(t: TestContext, namespace: NetNamespace): Promise<KcapRun> {
  const args = ['broker', '--port', String(BROKER_PORT), '--topic', 'pcap'];
  const broker = kcap(t, args, namespace);
  await waitFor(() => broker.stdout.length > 0, { limitMs: LIMIT_MS, what: 'the broker' });
  return broker;
}

/** As many requests and as many answers. */
async function ping(namespace: NetNamespace, count: number): Promise<void> {
  await namespace.run('ping', '-q', '-c', String(count), '-i', '0.002', '127.0.0.1');
}

/** Packets of a producer with `-pp 1` that have been delivered so far. */
function delivered(run: KcapRun): number {
  return run.stdout.toString().split('Packet delivered[').length - 1;
}

/** The packet sockets of the namespace and their filters, as the kernel tells them. */
async function packetSockets(namespace: NetNamespace): Promise<string> {
  return namespace.run('ss', '--packet', '--bpf', '--no-header');
}

/** The local ports of the connections that a process has to the broker. */
async function portsOf(namespace: NetNamespace, pid: number): Promise<number[]> {
  const to = ['state', 'established', 'dport', '=', `:${BROKER_PORT}`];
  const lines = (await namespace.run('ss', '-tnpH', ...to)).split('\n');
  return lines
    .filter((line) => line.includes(`pid=${pid},`))
    .map((line) => Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]));
}

/** Has another program connect from these local ports, and say something over each connection. */
async function talk(t: TestContext, namespace: NetNamespace, localPorts: readonly number[]) {
  const script = path.join(import.meta.dirname, '../support/tcp-talk.js');
  const args = [OTHER_PORT, ...localPorts].map(String);
  const child = spawnTied([...namespace.under, process.execPath, script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const { stdin, stdout } = child;
  assert.ok(stdin && stdout);
  const answer = async () => {
    assert.equal(String((await once(stdout, 'data'))[0]), 'said\n');
  };
  await answer();
  return {
    sayMore: async () => {
      stdin.write('more\n');
      await answer();
    },
  };
}

/** All that is in the topic. */
async function framesIn(t: TestContext, namespace: NetNamespace, ...more: readonly string[]) {
  const consumer = kcap(t, ['-c', ...TO, '-o', 'begin', '-e', ...more], namespace);
  assert.equal((await consumer.exit).status, 0);
  return readPcap(consumer.stdout).packets.map(({ frame }) => frame);
}
