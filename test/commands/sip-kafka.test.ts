import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';

import { makeTopic } from '../kafka/in-memory.js';
import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { pcapFile } from '../support/pcap-file.js';
import { packetsOf, sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic, readMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const INVITE = sipRequest('INVITE', 'call-1');
const RINGING = sipResponse('180 Ringing', 'INVITE', 'call-1');
const BACK = { from: '192.0.2.2', to: '192.0.2.1', fromPort: 5080, toPort: 5060 };

async function captureFile(t: TestContext, frames: readonly Buffer[]): Promise<string> {
  const file = path.join(await tempFolder(t), 'sip.pcap');
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

test('each message is in the topic, with its key, its time and its headers', async (t) => {
  const topic = await freshTopic(t, { partitions: 3 });
  const file = await captureFile(t, [udpFrame(INVITE), udpFrame(RINGING, BACK)]);
  const run = kcap(t, ['sip', '-k', testBrokers(), '-r', file, '--report', `kafka:${topic}`]);
  assert.equal((await run.exit).status, 0);
  const messages = (await readMessages(topic)).toSorted((a, b) =>
    String(a.key) < String(b.key) ? -1 : 1,
  );
  assert.deepEqual(
    messages.map(({ key, timestamp }) => [String(key), timestamp]),
    [
      ['192.0.2.1:5060-192.0.2.2:5080', 1_700_000_000_000],
      ['192.0.2.2:5080-192.0.2.1:5060', 1_700_000_000_000],
    ],
  );
  const [first, second] = messages;
  assert.ok(first && second);
  const record = JSON.parse(String(first.value)) as { raw_payload: string; task_id: string };
  assert.equal(Buffer.from(record.raw_payload, 'base64').toString(), INVITE.toString());
  const headers = Object.fromEntries(second.headers.map(([name, value]) => [name, String(value)]));
  const { 'l.sip.via': via, agent_id, ...others } = headers;
  assert.ok(via !== undefined && agent_id !== undefined);
  assert.deepEqual(others, {
    ...{ task_id: 'sip', payload_type: 'sip', src_ip: '192.0.2.2', dst_ip: '192.0.2.1' },
    ...{ src_port: '5080', dst_port: '5060', timestamp: '1700000000000' },
    ...{ 'l.sip.status_code': '180', 'l.sip.call_id': 'call-1', 'l.sip.cseq_method': 'INVITE' },
    'l.sip.from_uri': 'sip:alice@atlanta.example.com',
    'l.sip.to_uri': 'sip:bob@biloxi.example.com',
  });
  const summary = run.summary() as unknown as Record<string, number>;
  assert.deepEqual([summary['messages_in'], summary['messages_out']], [2, 2]);
});

test('live: nothing is lost, and the count is exact', { skip: noVeth }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const args = ['sip', '-i', veth.inside, '-m', '2000', '-k', testBrokers()];
  const run = kcap(t, [...args, '--report', `kafka:${topic}`]);
  await run.started();
  const frames = Array.from({ length: 2000 }, (_, index) =>
    udpFrame(sipRequest('INVITE', `call-${index}`)),
  );
  await sendFrames(veth, frames);
  assert.equal((await run.exit).status, 0);
  const stored = await readMessages(topic);
  const callIds = stored.map(({ headers }) =>
    String(headers.find(([name]) => name === 'l.sip.call_id')?.[1]),
  );
  assert.deepEqual(
    callIds,
    Array.from({ length: 2000 }, (_, index) => `call-${index}`),
  );
  const summary = run.summary() as unknown as Record<string, number>;
  assert.equal(summary['messages_out'], 2000);
});

test('from one topic to another', async (t) => {
  const [packets, reports] = [await freshTopic(t), await freshTopic(t)];
  const file = await captureFile(t, [udpFrame(INVITE)]);
  const write = kcap(t, ['-p', '-k', testBrokers(), '-t', packets, '-r', file]);
  assert.equal((await write.exit).status, 0);
  const from = ['-k', testBrokers(), '-t', packets, '-o', 'begin', '-e'];
  const run = kcap(t, [
    'sip',
    ...from,
    '-X',
    'compression.type=lz4',
    '--report',
    `kafka:${reports}`,
  ]);
  assert.equal((await run.exit).status, 0);
  assert.deepEqual([await countMessages(packets), await countMessages(reports)], [1, 1]);
  assert.doesNotMatch(run.stderr, /no effect/);
});

test('a topic that does not exist ends the run before it begins', async (t) => {
  const file = await captureFile(t, [udpFrame(INVITE)]);
  const brokers = testBrokers();
  const run = kcap(t, ['sip', '-k', brokers, '-r', file, '--report', 'kafka:kcap-missing']);
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /topic kcap-missing: it does not exist on /);
});

test('brokers that are away at the start: it is said, and messages wait', async (t) => {
  const port = await freePort();
  const file = await captureFile(t, [udpFrame(INVITE), udpFrame(RINGING, BACK)]);
  const brokers = `127.0.0.1:${port}`;
  const run = kcap(t, ['sip', '-k', brokers, '-r', file, '--report', 'kafka:sip']);
  await run.waitForLog(/kafka:sip: connect to [^"]*refused; trying again/);
  const broker = new InMemoryBroker(port);
  t.after(() => {
    broker.close();
  });
  makeTopic(broker, 'sip');
  assert.equal((await run.exit).status, 0);
  const summary = run.summary() as unknown as Record<string, number>;
  assert.equal(summary['messages_out'], 2);
});

test('what no broker takes is counted as failed', async (t) => {
  const file = await captureFile(t, [udpFrame(INVITE), udpFrame(RINGING, BACK)]);
  const brokers = `127.0.0.1:${await freePort()}`;
  const statistics = ['--stats-interval', '0.2', '--log-format', 'json'];
  const report = ['--report', 'kafka:sip', '--drain-timeout', '1.5'];
  const run = kcap(t, ['sip', '-k', brokers, '-r', file, ...report, ...statistics]);
  await run.waitForLog(/"messages_in":2/);
  run.signal('SIGINT');
  assert.equal((await run.exit).status, 1);
  const summary = run.summary() as unknown as Record<string, unknown>;
  assert.deepEqual(
    [summary['messages_in'], summary['messages_out'], summary['messages_failed_by_cause']],
    [2, 0, { 'not-delivered-in-time': 2 }],
  );
});
