import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { HepPacket } from '#kcap/protocols/hep/hep-packet.js';

import { ethernet, ipv4, udp } from '../support/frames.js';
import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { Mosquitto } from '../support/mosquitto.js';
import { pcapFile } from '../support/pcap-file.js';
import { description, extendedReport, receiverReport, rtpPacket } from '../support/rtp-packets.js';
import { packetsOf, sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic, readMessages } from '../support/topic.js';
import { TUNNELLED } from '../support/tunnels.js';
import { waitFor } from '../support/wait-for.js';

const [ALICE, BOB] = ['192.0.2.1', '192.0.2.2'];
const BACK = { from: BOB, to: ALICE, fromPort: 5080, toPort: 5060 };
const RTP = { from: ALICE, to: BOB, fromPort: 4000, toPort: 5000 };
const RTCP = { from: BOB, to: ALICE, fromPort: 5001, toPort: 4001 };

/** A call with its media: two messages, two RTP packets, two of RTCP, and the end. */
const FRAMES = [
  udpFrame(sipRequest('INVITE', 'a@b', [], description(ALICE, 4000))),
  udpFrame(sipResponse('200 OK', 'INVITE', 'a@b', description(BOB, 5000)), BACK),
  udpFrame(rtpPacket(1), RTP),
  udpFrame(rtpPacket(2, { payloadType: 8 }), RTP),
  udpFrame(receiverReport(), RTCP),
  udpFrame(extendedReport(), RTCP),
  udpFrame(sipRequest('BYE', 'a@b')),
];

async function captureFile(t: TestContext, frames: readonly Buffer[] = FRAMES): Promise<string> {
  const file = path.join(await tempFolder(t), 'call.pcap');
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

interface Sent {
  readonly type: number;
  readonly correlation: string;
  readonly payload: string;
  readonly ports: readonly number[];
}

/** A HEP collector, and what it has got. */
async function collector(t: TestContext): Promise<{ port: number; got: Sent[] }> {
  const socket = createSocket('udp4');
  const packet = new HepPacket();
  const got: Sent[] = [];
  socket.on('message', (bytes) => {
    assert.ok(packet.read(bytes, 0, bytes.length));
    const { payload, correlationId, passage } = packet;
    got.push({
      type: packet.payloadType,
      correlation: bytes.toString('utf8', correlationId.start, correlationId.end),
      payload: bytes.toString('utf8', payload.start, payload.end),
      ports: [passage.sourcePort, passage.destinationPort],
    });
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => {
    socket.close();
  });
  return { port: socket.address().port, got };
}

function counts(run: KcapRun): unknown[] {
  const summary = run.summary() as unknown as Record<string, number>;
  return ['in', 'out', 'filtered', 'failed', 'dropped']
    .map((name) => summary[`messages_${name}`])
    .concat(summary['rtp_packets'], summary['rtcp_packets']);
}

const linesOf = (run: KcapRun) => run.stdout.toString().trimEnd().split('\n');

describe('kcap sip --rtp', () => {
  test('reports media as records between those of messages', async (t) => {
    const run = kcap(t, ['sip', '-r', await captureFile(t), '--rtp']);
    assert.equal((await run.exit).status, 0);
    const records = linesOf(run).map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      records.map(({ payload_type }) => payload_type),
      ['sip', 'sip', 'rtp', 'rtp', 'rtcp', 'rtcp', 'sip'],
    );
    assert.deepEqual(records[2]?.['labels'], {
      ...{ 'rtp.version': '2', 'rtp.payload_type': '0', 'rtp.seq': '1', 'rtp.timestamp': '160' },
      ...{ 'rtp.ssrc': '0x0000BEEF', 'rtp.marker': 'false', 'rtp.has_ext': 'false' },
      ...{ 'rtp.call_id': 'a@b', 'rtp.codec': 'PCMU/8000' },
    });
    assert.equal(
      (records[4]?.['payload'] as { report_count?: number } | undefined)?.report_count,
      1,
    );
    assert.deepEqual(counts(run), [7, 7, 0, 0, 0, 2, 2]);
  });

  test('shows media as lines, in the same columns', async (t) => {
    const args = ['--rtp', '--report', 'text:'];
    const run = kcap(t, ['sip', '-r', await captureFile(t), ...args], { env: { TZ: 'UTC' } });
    await run.exit;
    const lines = linesOf(run);
    assert.equal(
      lines[2],
      '22:13:20.000002 192.0.2.1:4000 > 192.0.2.2:5000 RTP  PCMU/8000                         seq 1    a@b ssrc 0x0000BEEF ts 160',
    );
    assert.match(lines[3] ?? '', / RTP {2}payload type 8 +seq 2 +a@b ssrc/);
    assert.match(
      lines[4] ?? '',
      /192\.0\.2\.2:5001 > 192\.0\.2\.1:4001 RTCP RR +PCMU\/8000 a@b ssrc/,
    );
    assert.match(lines[5] ?? '', / RTCP XR /);
  });

  test('sends media to a HEP collector: types 34, 5 and 99, with the Call-ID', async (t) => {
    const { port, got } = await collector(t);
    const run = kcap(t, [
      'sip',
      '-r',
      await captureFile(t),
      '--rtp',
      '--report',
      `hep://127.0.0.1:${port}`,
    ]);
    assert.equal((await run.exit).status, 0);
    await waitFor(() => got.length >= 7, { limitMs: 10_000, what: 'all datagrams' });
    assert.deepEqual(
      got.map(({ type, correlation }) => [type, correlation]),
      [1, 1, 34, 34, 5, 99, 1].map((type) => [type, 'a@b']),
    );
    assert.deepEqual(got[3]?.ports, [4000, 5000]);
    assert.deepEqual(JSON.parse(got[3].payload), {
      ...{ CORRELATION_ID: 'a@b', RTP_SIP_CALL_ID: 'a@b', SSRC: '0x0000BEEF', CODEC_PT: 8 },
      ...{ RTP_SEQ: 2, RTP_TIMESTAMP: 320, RTP_MARKER: false, RTP_BYTES: 160 },
    });
    const reports = JSON.parse(got[4]?.payload ?? '') as {
      ssrc: number;
      report_blocks: { packets_lost: number }[];
    };
    assert.deepEqual([reports.ssrc, reports.report_blocks[0]?.packets_lost], [0x1122_3344, 5]);
  });

  test('sends media to a topic, with its labels as headers', async (t) => {
    const topic = await freshTopic(t);
    const args = ['-r', await captureFile(t), '--rtp', '-k', testBrokers()];
    const run = kcap(t, ['sip', ...args, '--report', `kafka:${topic}`]);
    assert.equal((await run.exit).status, 0);
    const messages = await readMessages(topic);
    const types = messages.map(({ headers }) => String(new Map(headers).get('payload_type')));
    assert.deepEqual(types.toSorted(), ['rtcp', 'rtcp', 'rtp', 'rtp', 'sip', 'sip', 'sip']);
    const rtp = messages.find(({ headers }) => String(new Map(headers).get('l.rtp.seq')) === '1');
    assert.equal(String(rtp?.key), '192.0.2.1:4000-192.0.2.2:5000');
    assert.equal(String(new Map(rtp?.headers).get('l.rtp.call_id')), 'a@b');
  });

  test("sends media as captagent's JSON and as MQTT messages", async (t) => {
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    const got: Record<string, unknown>[] = [];
    socket.on('message', (bytes) => got.push(JSON.parse(bytes.toString()) as (typeof got)[0]));
    await once(socket.bind(0, '127.0.0.1'), 'listening');
    const broker = await Mosquitto.start(t);
    const received = await broker.subscribe(t);
    const json = `json+udp://127.0.0.1:${socket.address().port}?id=7&payload=1`;
    const mqtt = `mqtt://127.0.0.1:${broker.port}/sip`;
    const file = await captureFile(t);
    const run = kcap(t, ['sip', '-r', file, '--rtp', '--report', json, '--report', mqtt]);
    assert.equal((await run.exit).status, 0);
    assert.deepEqual(counts(run), [7, 7, 0, 0, 0, 2, 2]);
    await waitFor(() => got.length >= 7, { limitMs: 10_000, what: 'all datagrams' });
    assert.deepEqual(
      got.map((record) => [record['packet_id'], record['proto_type'], record['corr_id']]),
      [1, 1, 34, 34, 5, 99, 1].map((type, index) => [index + 1, type, 'a@b']),
    );
    const [, , , rtp, rtcp] = got;
    assert.ok(rtp && rtcp);
    assert.deepEqual([rtp['src_ip4'], rtp['src_port'], rtp['capt_id']], [ALICE, 4000, 7]);
    const payloadOf = ({ payload }: typeof rtp) =>
      JSON.parse(payload as string) as Record<string, unknown>;
    assert.equal(payloadOf(rtp)['RTP_SEQ'], 2);
    assert.equal(payloadOf(rtcp)['ssrc'], 0x1122_3344);

    await waitFor(() => received.length >= 7, { limitMs: 10_000, what: 'all MQTT messages' });
    const records = received.map(
      ({ payload }) => JSON.parse(payload.toString()) as Record<string, unknown>,
    );
    assert.deepEqual(
      records.map(({ sip, payload_type }) => payload_type ?? (sip === undefined ? 'none' : 'sip')),
      ['sip', 'sip', 'rtp', 'rtp', 'rtcp', 'rtcp', 'sip'],
    );
    const labels = records[2]?.['labels'] as Record<string, string>;
    assert.deepEqual([labels['rtp.call_id'], labels['rtp.codec']], ['a@b', 'PCMU/8000']);
    assert.equal(received[2]?.payload.at(-1), '}'.charCodeAt(0));
  });

  test('reports RTCP that HEP alone expects to HEP alone', async (t) => {
    const { port, got } = await collector(t);
    const json = createSocket('udp4');
    t.after(() => json.close());
    await once(json.bind(0, '127.0.0.1'), 'listening');
    const reports = [`json+udp://127.0.0.1:${json.address().port}`, `hep://127.0.0.1:${port}`];
    const args = ['-r', await captureFile(t), ...reports.flatMap((url) => ['--report', url])];
    const run = kcap(t, ['sip', ...args]);
    assert.equal((await run.exit).status, 0);
    await waitFor(() => got.length >= 5, { limitMs: 10_000, what: 'all datagrams' });
    assert.deepEqual(counts(run), [5, 3, 2, 0, 0, 0, 2]);
  });

  test('is RTCP alone by default where a reporter is HEP, and nothing elsewhere', async (t) => {
    const { port, got } = await collector(t);
    const file = await captureFile(t);
    const run = kcap(t, ['sip', '-r', file, '--report', `hep://127.0.0.1:${port}`]);
    assert.equal((await run.exit).status, 0);
    await waitFor(() => got.length >= 5, { limitMs: 10_000, what: 'all datagrams' });
    assert.deepEqual(
      got.map(({ type }) => type),
      [1, 1, 5, 99, 1],
    );
    assert.deepEqual(counts(run), [5, 5, 0, 0, 0, 0, 2]);
    const plain = kcap(t, ['sip', '-r', file]);
    await plain.exit;
    assert.deepEqual(counts(plain), [3, 3, 0, 0, 0, undefined, undefined]);
  });

  test('counts media for which a reporter has no form', async (t) => {
    const { port, got } = await collector(t);
    const hep2 = `hep://127.0.0.1:${port}?version=2`;
    const run = kcap(t, ['sip', '-r', await captureFile(t), '--rtp', '--report', hep2]);
    assert.equal((await run.exit).status, 0);
    assert.deepEqual(counts(run), [7, 3, 4, 0, 0, 2, 2]);
    await waitFor(() => got.length >= 3, { limitMs: 10_000, what: 'all messages' });
  });
});

test('--tunnels says which tunnels are looked into', async (t) => {
  const plain = (callId: string) => ipv4(17, udp([5060, 5060], sipRequest('BYE', callId)));
  const frames = Object.entries(TUNNELLED).map(([name, wrap]) =>
    ethernet(0x0800, wrap(plain(name))),
  );
  const file = await captureFile(t, [...frames, ethernet(0x0800, plain('plain'))]);
  for (const [tunnels, expected] of [
    ['all', [...Object.keys(TUNNELLED), 'plain']],
    ['vxlan,gtp', ['vxlan', 'gtp', 'plain']],
    ['none', ['plain']],
  ] as const) {
    const run = kcap(t, ['sip', '-r', file, '--tunnels', tunnels]);
    assert.equal((await run.exit).status, 0);
    const callIds = linesOf(run).map(
      (line) => (JSON.parse(line) as { labels: Record<string, string> }).labels['sip.call_id'],
    );
    assert.deepEqual(callIds, expected, tunnels);
  }
});
