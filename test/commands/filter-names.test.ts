import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { readPcap } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { AT_ONCE_MS, TOLD_WITHIN_MS } from '../support/time-limits.js';
import { freshTopic, sendMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;
const NAME = 'kcap-test.example';
const KNOWN = `192.0.2.1 ${NAME}\n`;

/** Runs a command where a file of /etc is another one, which the test may change. */
function withEtcFile(name: 'hosts' | 'resolv.conf', file: string): readonly string[] {
  const script = `mount --bind "$0" /etc/${name} && exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, file];
}

/** An IPv4 packet of 20 bytes from 192.0.2.N. */
function packetFrom(last: number): Buffer {
  return Buffer.from(`450000140000000040010000c000020${last}c0000263`, 'hex');
}

function frameFrom(last: number): Buffer {
  const ethernet = Buffer.from('0200000000020200000000010800', 'hex');
  return Buffer.concat([ethernet, packetFrom(last), Buffer.alloc(26)]);
}

test('a name in -f is looked up once, for whatever link types come later', { skip }, async (t) => {
  const hosts = path.join(await tempFolder(t), 'hosts');
  await writeFile(hosts, KNOWN);
  const topic = await freshTopic(t);
  const from = ['-k', testBrokers(), '-t', topic, '-o', 'begin'];
  const args = ['-c', ...from, '-F', 'pcapng', '-f', `src host ${NAME}`, '-m', '2'];
  const run = kcap(t, args, { under: withEtcFile('hosts', hosts) });
  await run.started();
  await sendMessages(topic, [message(frameFrom(1)), message(frameFrom(2))]);
  await waitFor(() => run.stdout.includes(frameFrom(1)), {
    limitMs: 10_000,
    what: 'the packet of the first link type',
  });
  await writeFile(hosts, '');
  const raw = [['pcap-linktype', '101']] as const;
  await sendMessages(
    topic,
    [2, 1].map((last) => ({ ...message(packetFrom(last)), headers: raw })),
  );
  assert.equal((await run.exit).status, 0);
  assert.ok(run.stdout.includes(packetFrom(1)));
  assert.equal(run.summary().packets_filtered, 2);
  assert.equal(run.summary().packets_skipped, 0);
});

test('a name in -f is looked up once, however often captures filter anew', { skip }, async (t) => {
  const hosts = path.join(await tempFolder(t), 'hosts');
  await writeFile(hosts, KNOWN);
  const topic = await freshTopic(t);
  const [one, two] = [await vethPair(t), await vethPair(t)];
  const to = ['-k', testBrokers(), '-t', topic];
  const links = ['-i', one.inside, '-i', two.inside];
  const args = ['-p', ...to, ...links, '-f', `host ${NAME}`, '-m', '4', '-pp', '1'];
  const run = kcap(t, args, { under: withEtcFile('hosts', hosts) });
  await run.started();
  await sendFrames(one, [frameFrom(1), frameFrom(2)]);
  await run.waitForLog(() => run.stdout.includes('Packet delivered[1]'));
  await writeFile(hosts, '');
  // Another kcap comes, whose connections are to be left out: the kernel gets a filter anew.
  const other = kcap(t, ['-p', ...to, ...links]);
  await other.started();
  await sendFrames(one, [frameFrom(1), frameFrom(2)]);
  await sendFrames(two, [frameFrom(2), frameFrom(1), frameFrom(1)]);
  assert.equal((await run.exit).status, 0);
  const back = kcap(t, ['-c', ...to, '-o', 'begin', '-m', '4', '-f', 'host 192.0.2.1']);
  await back.exit;
  assert.equal(readPcap(back.stdout).packets.length, 4);
});

test('a name in -f that nobody knows is said in one line', { skip }, async (t) => {
  const namespace = await netNamespace(t);
  const run = kcap(t, ['-p', '-k', 'localhost:1', '-t', 'x', '-i', 'lo', '-f', `host ${NAME}`], {
    under: namespace.under,
  });
  const { status, durationMs } = await run.exit;
  assert.equal(status, 1);
  assert.ok(durationMs < AT_ONCE_MS);
  assert.match(run.stderr, new RegExp(`kcap: -f 'host ${NAME}': ${NAME} has no address: `));
  assert.doesNotMatch(run.stderr, /not understood|syntax/);
});

test('name servers that do not answer hold a start up for some seconds', { skip }, async (t) => {
  const namespace = await netNamespace(t);
  for (const command of [
    'ip link add far type veth peer away',
    'ip link set away up',
    'ip link set far arp off up',
    'ip address add 192.0.2.1/24 dev far',
  ])
    await namespace.run('sh', '-c', command);
  const servers = path.join(await tempFolder(t), 'resolv.conf');
  await writeFile(servers, 'nameserver 192.0.2.53\noptions timeout:30\n');
  const run = kcap(t, ['-c', '-k', 'localhost:1', '-t', 'x', '-f', `host ${NAME}`], {
    under: [...namespace.under, ...withEtcFile('resolv.conf', servers)],
  });
  const { status, durationMs } = await run.exit;
  assert.equal(status, 1);
  assert.ok(durationMs < TOLD_WITHIN_MS, `${durationMs} ms`);
  assert.match(run.stderr, /has no address: the name servers do not answer/);
});

function message(value: Buffer) {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(Date.now()) * 1000n);
  return { key, value };
}
