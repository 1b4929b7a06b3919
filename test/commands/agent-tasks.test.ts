import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { Client } from '../agent/client.js';
import { freePort } from '../support/free-port.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { readPcap } from '../support/pcap-file.js';
import { arenas, residentMemory } from '../support/process-memory.js';
import { runCommand } from '../support/run-command.js';
import { heldBy, runningAgent } from '../support/running-agent.js';
import { sipRequest, udpFrame } from '../support/sip-packets.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT = { limitMs: 60_000 };

async function packetsIn(file: string): Promise<number> {
  return readPcap(await readFile(file)).packets.length;
}

describe('many tasks of one agent', () => {
  test('a thousand that come and go, a third failing half-way, leave nothing behind', async (t) => {
    // What is kept of each is on disk before the answer: that would take most of the time.
    const configuration = { log: { level: 'error' }, task_persistence: { enabled: false } };
    const agent = await runningAgent(t, { configuration });
    const client = await Client.connect(t, agent.socket);
    const listen = `udp://127.0.0.1:${await freePort()}`;
    let sent = 0;
    const comeAndGo = async (count: number) => {
      for (let number = 0; number < count; number++) {
        // It has its port when the file can't be made.
        const isHalf = number % 3 === 2;
        const file = isHalf ? 'no/such/folder/out.pcap' : `out-${number % 3}.pcap`;
        const config = {
          ...{ id: `task-${number}`, capture: { name: 'tzsp', listen } },
          reporters: [{ name: 'file', config: { path: path.join(agent.folder, file) } }],
        };
        client.request('task_create', { config }, number);
        client.request('task_delete', { task_id: config.id }, `d${number}`);
      }
      sent += 2 * count;
      await client.count(sent, LIMIT.limitMs);
    };
    // By then the heap has the size that it keeps.
    await comeAndGo(1000);
    const before = await heldBy(agent.run.pid);
    const memoryBefore = await residentMemory(agent.run.pid);
    await comeAndGo(1000);
    const refused = client.answers.filter(({ error }) => error !== undefined).length;
    // Each that failed is not there to be deleted either.
    assert.equal(refused, 2 * (333 + 333));
    const isAsBefore = async () => {
      const now = await heldBy(agent.run.pid);
      return now.descriptors <= before.descriptors && now.threads <= before.threads;
    };
    await waitFor(isAsBefore, { ...LIMIT, what: `no more than ${JSON.stringify(before)}` });
    const grownKiB = ((await residentMemory(agent.run.pid)) - memoryBefore) / 1024;
    assert.ok(grownKiB < 20_000, `${grownKiB} KiB more`);
    assert.deepEqual(await agent.answer('task_list'), { tasks: [], count: 0 });
  });

  test(
    'a hundred at once capture the same, and are flushed side by side',
    { skip: noVeth },
    async (t) => {
      const veth = await vethPair(t);
      const agent = await runningAgent(t, { configuration: { log: { level: 'error' } } });
      // Those of Node's own threads.
      const arenasBefore = await arenas(agent.run.pid);
      const client = await Client.connect(t, agent.socket);
      const fileOf = (number: number) => path.join(agent.folder, `${number}.pcap`);
      for (let number = 0; number < 100; number++) {
        const config = {
          id: `task-${number}`,
          capture: { name: 'afpacket', interface: veth.inside, config: { buffer_mib: 1 } },
          reporters: [{ name: 'file', config: { path: fileOf(number) } }],
        };
        client.request('task_create', { config }, number);
      }
      const answers = await client.count(100);
      assert.deepEqual(
        answers.flatMap(({ error }) => error ?? []),
        [],
      );
      await sendFrames(
        veth,
        Array.from({ length: 50 }, (_, number) => numberedFrame(number, 100)),
      );
      const allIn = async () => {
        const { tasks } = await agent.answer('daemon_stats');
        const stats = Object.values(tasks as Record<string, { packets_in: number }>);
        return stats.length === 100 && stats.every(({ packets_in: count }) => count === 50);
      };
      await waitFor(allIn, { ...LIMIT, what: '50 packets in each of them' });
      const arenasNow = await arenas(agent.run.pid);
      const mostArenas = Math.max(arenasBefore, 2 * availableParallelism());
      assert.ok(arenasNow <= mostArenas, `${arenasNow} arenas, ${arenasBefore} before`);
      const stop = agent.ask('stop');
      assert.equal((await stop.exit).status, 0, stop.stderr);
      assert.equal((await agent.run.exit).status, 0, agent.run.stderr);
      for (let number = 0; number < 100; number += 33)
        assert.equal(await packetsIn(fileOf(number)), 50);
    },
  );

  test(
    'a reporter whose peer stalls holds up neither others nor the capture',
    { skip: noVeth },
    async (t) => {
      const veth = await vethPair(t);
      const agent = await runningAgent(t);
      const sockets: Socket[] = [];
      const stalled = createServer((socket) =>
        sockets.push(socket.pause().on('error', () => undefined)),
      );
      stalled.listen(0, '127.0.0.1');
      await once(stalled, 'listening');
      t.after(() => {
        stalled.close();
        for (const socket of sockets) socket.destroy();
      });
      const { port } = stalled.address() as AddressInfo;
      const mqttPort = await stallingMqttBroker(t);
      const config = {
        id: 'stalls',
        capture: { name: 'afpacket', interface: veth.inside, config: { buffer_mib: 4 } },
        parsers: ['sip'],
        reporters: [
          { name: 'hep', config: { servers: [`127.0.0.1:${port}`], protocol: 'tcp' } },
          { name: 'mqtt', config: { url: `mqtt://127.0.0.1:${mqttPort}`, topic: 'sip' } },
          { name: 'file', config: { path: path.join(agent.folder, 'all.pcap') } },
        ],
      };
      await agent.answer('task_create', { config });
      const body = Buffer.alloc(800, 'x').toString();
      const frame = udpFrame(sipRequest('INVITE', 'a@b', [`Subject: ${body}`]));
      const frames = Array.from({ length: 2000 }, () => frame);
      const rounds = 15;
      type Report = Record<string, { in: number; out: number; failed: number; dropped: number }>;
      interface Status {
        readonly packets_in: number;
        readonly packets_out: number;
        readonly packets_failed: number;
        readonly packets_filtered: number;
        readonly packets_skipped: number;
        readonly packets_spooled: number;
        readonly under_way: number;
        readonly drops: { readonly kernel: number };
        readonly reporters: Report;
      }
      const status = async () =>
        (await agent.answer('task_status', { task_id: 'stalls' })) as unknown as Status;
      let isSent = false;
      const addsUp = async () => {
        let polls = 0;
        for (let before = await status(); !isSent || polls < 20; polls++) {
          const now = await status();
          const said = JSON.stringify([before, now]);
          const ended = now.packets_out + now.packets_failed + now.packets_filtered;
          const others = now.packets_skipped + now.packets_spooled + now.under_way;
          assert.equal(ended + others, now.packets_in, said);
          assert.ok(now.under_way >= 0 && now.packets_in >= before.packets_in, said);
          for (const [name, { in: taken, out, failed, dropped }] of Object.entries(now.reporters)) {
            assert.ok(out + failed + dropped <= taken && taken <= now.packets_in, said);
            assert.ok(out >= (before.reporters[name]?.out ?? 0), said);
          }
          before = now;
        }
      };
      const polling = addsUp();
      for (let round = 0; round < rounds; round++) await sendFrames(veth, frames);
      isSent = true;
      await polling;
      const isThrough = async () => {
        const { packets_in: taken, drops, reporters } = await status();
        return taken + drops.kernel === rounds * frames.length && reporters['file']?.out === taken;
      };
      await waitFor(isThrough, { ...LIMIT, what: 'all packets in the file' });
      const { packets_in: total, reporters } = await status();
      for (const name of ['hep', 'mqtt']) {
        const report = reporters[name];
        assert.equal(report?.in, total);
        assert.ok(report.dropped > 0, `${name}: ${JSON.stringify(report)}`);
      }
      await agent.answer('task_delete', { task_id: 'stalls' });
      assert.equal(await packetsIn(path.join(agent.folder, 'all.pcap')), total);
    },
  );
});

/** Accepts whoever connects, and reads nothing more; its port. */
async function stallingMqttBroker(t: TestContext): Promise<number> {
  const accepted = Buffer.from([0x20, 2, 0, 0]);
  const sockets: Socket[] = [];
  const broker = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.once('data', () => {
      socket.pause().write(accepted);
    });
  }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  t.after(() => {
    broker.close();
    for (const socket of sockets) socket.destroy();
  });
  return (broker.address() as AddressInfo).port;
}

test('no one but the owner of an agent can command it', { skip: noVeth }, async (t) => {
  const agent = await runningAgent(t);
  await runCommand('chmod', '755', agent.folder);
  const as = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const refused = agent.ask('status');
  assert.equal((await refused.exit).status, 0);
  const script = `require('net').connect('${agent.socket}').on('error', ({ code }) => console.log(code))`;
  assert.equal(
    (await runCommand(...(as as [string]), process.execPath, '-e', script)).trim(),
    'EACCES',
  );
});
