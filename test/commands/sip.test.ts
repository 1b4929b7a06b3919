import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { HepPacket } from '#kcap/protocols/hep/hep-packet.js';
import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile } from '../support/pcap-file.js';
import { runCommand } from '../support/run-command.js';
import { packetsOf, sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const CALL = 'a84b4c76e66710@client.atlanta.example.com';
const INVITE = sipRequest('INVITE', CALL, ['Subject: "lunch"']);
const RINGING = sipResponse('180 Ringing', 'INVITE', CALL);
const BYE = sipRequest('BYE', 'other@client');
const BACK = { from: '192.0.2.2', to: '192.0.2.1', fromPort: 5080, toPort: 5060 };
const FRAMES = [
  udpFrame(INVITE),
  udpFrame(RINGING, BACK),
  udpFrame(Buffer.from('no SIP')),
  udpFrame(BYE, { from: '2001:db8:0:0:0:0:0:1', to: '2001:db8:0:0:0:0:0:2' }),
];

async function captureFile(t: TestContext, frames: readonly Buffer[] = FRAMES): Promise<string> {
  const file = path.join(await tempFolder(t), 'sip.pcap');
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

async function collector(t: TestContext): Promise<{ socket: Socket; port: number; got: Buffer[] }> {
  const socket = createSocket('udp4');
  const got: Buffer[] = [];
  socket.on('message', (bytes) => got.push(bytes));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => {
    socket.close();
  });
  return { socket, port: socket.address().port, got };
}

/** Messages of the summary, which add up. */
function messagesOf(run: KcapRun): Record<string, unknown> {
  const summary = run.summary() as unknown as Record<string, number>;
  const named = ['in', 'out', 'filtered', 'failed', 'dropped'].map(
    (name) => [name, summary[`messages_${name}`] ?? NaN] as const,
  );
  const { in: taken, ...others } = Object.fromEntries(named);
  assert.equal(
    taken,
    Object.values(others).reduce((total, number) => total + number, 0),
  );
  assert.equal(
    summary['packets_in'],
    (summary['packets_out'] ?? 0) + (summary['packets_filtered'] ?? 0),
  );
  return { in: taken, ...others };
}

interface SipRecord {
  readonly labels: Readonly<Record<string, string>>;
  readonly raw_payload: string;
  readonly src_ip: string;
  readonly timestamp_us: number;
}

function recordsOf(bytes: Buffer): SipRecord[] {
  return bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SipRecord);
}

test('a file: each message is a record, and the rest is counted', async (t) => {
  const run = kcap(t, ['sip', '-r', await captureFile(t)]);
  assert.equal((await run.exit).status, 0);
  const records = recordsOf(run.stdout);
  assert.deepEqual(
    records.map(({ raw_payload }) => Buffer.from(raw_payload, 'base64').toString()),
    [INVITE, RINGING, BYE].map(String),
  );
  assert.deepEqual(records[1]?.labels, {
    'sip.status_code': '180',
    'sip.call_id': CALL,
    'sip.from_uri': 'sip:alice@atlanta.example.com',
    'sip.to_uri': 'sip:bob@biloxi.example.com',
    'sip.via': 'SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9',
    'sip.cseq_method': 'INVITE',
  });
  assert.equal(records[2]?.src_ip, '2001:db8::1');
  assert.equal(records[2].timestamp_us, 1_700_000_000_000_003);
  assert.deepEqual(messagesOf(run), { in: 3, out: 3, filtered: 0, failed: 0, dropped: 0 });
  const summary = run.summary() as unknown as Record<string, unknown>;
  assert.deepEqual(
    [summary['packets_out'], summary['not_sip'], summary['filtered_by_cause']],
    [3, 1, { 'no-sip': 1 }],
  );
});

test('what tshark finds in the same file is what the records say', async (t) => {
  const file = await captureFile(t);
  const run = kcap(t, ['sip', '-r', file]);
  const fields = ['sip.Call-ID', 'sip.Method', 'sip.Status-Code', 'sip.CSeq.method'];
  const shown = await runCommand(
    'tshark',
    ...['-r', file, '-d', 'udp.port==5080,sip', '-Y', 'sip', '-T', 'fields'],
    ...fields.flatMap((field) => ['-e', field]),
  );
  await run.exit;
  const ours = recordsOf(run.stdout).map(({ labels }) =>
    ['sip.call_id', 'sip.method', 'sip.status_code', 'sip.cseq_method']
      .map((label) => labels[label] ?? '')
      .join('\t'),
  );
  assert.deepEqual(shown.trimEnd().split('\n'), ours);
});

test('lines have their columns one below the other, and nothing in them moves the cursor', async (t) => {
  const evil = sipRequest('OPTIONS', '\x1b[31mred\x07\u202eder');
  const file = await captureFile(t, [...FRAMES, udpFrame(evil)]);
  const run = kcap(t, ['sip', '-r', file, '--report', 'text:'], { env: { TZ: 'UTC' } });
  assert.equal((await run.exit).status, 0);
  const lines = run.stdout.toString().trimEnd().split('\n');
  assert.equal(
    lines[0],
    `22:13:20.000000 192.0.2.1:5060 > 192.0.2.2:5080 UDP  INVITE sip:bob@biloxi.example.com 1 INVITE ${CALL} alice > bob`,
  );
  assert.equal(
    lines[1],
    `22:13:20.000001 192.0.2.2:5080 > 192.0.2.1:5060 UDP  180 Ringing                       1 INVITE ${CALL} alice > bob`,
  );
  assert.match(
    lines[2] ?? '',
    /^22:13:20\.000003 \[2001:db8::1\]:5060 > \[2001:db8::2\]:5080 UDP {2}BYE /,
  );
  assert.match(lines[3] ?? '', /\\x1b\[31mred\\x07\\u202eder/);
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  assert.doesNotMatch(run.stdout.toString(), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

test('--raw shows the message below its line', async (t) => {
  const file = await captureFile(t, [udpFrame(INVITE)]);
  const run = kcap(t, ['sip', '-r', file, '--report', 'text:', '--raw']);
  await run.exit;
  const [, ...below] = run.stdout.toString().trimEnd().split('\n');
  assert.equal(below.map((line) => line.slice(4)).join('\r\n'), INVITE.toString().trimEnd());
});

for (const colours of [true, false])
  test(`on a terminal lines are the default, ${colours ? 'coloured' : 'without colours where NO_COLOR says so'}`, async (t) => {
    const file = await captureFile(t);
    const run = kcap(t, ['sip', '-r', file], {
      under: ['sh', '-c', 'script -qec "$*" /dev/null', 'sh'],
      env: { TERM: 'xterm', NO_COLOR: colours ? '' : '1' },
    });
    await run.exit;
    const shown = run.stdout.toString();
    assert.equal(shown.includes('\x1b[36mINVITE\x1b[0m'), colours);
    assert.match(shown, /180(\x1b\[0m)? Ringing/); // oxlint-disable-line no-control-regex -- a colour
  });

test('--sip-filter keeps what matches all of them; one may be in a file', async (t) => {
  const file = await captureFile(t);
  const expression = path.join(await tempFolder(t), 'filter');
  await writeFile(expression, '(method invite) ; and its responses\n');
  const args = ['--sip-filter', `@${expression}`, '--sip-filter', 'response'];
  const run = kcap(t, ['sip', '-r', file, ...args]);
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(
    recordsOf(run.stdout).map(({ labels }) => labels['sip.status_code']),
    ['180'],
  );
  assert.deepEqual(messagesOf(run), { in: 3, out: 1, filtered: 2, failed: 0, dropped: 0 });
});

test('a topic: its packets are decoded, whatever wrote them', async (t) => {
  const topic = await freshTopic(t);
  const file = await captureFile(t);
  const write = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-r', file]);
  assert.equal((await write.exit).status, 0);
  const run = kcap(t, ['sip', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e']);
  assert.equal((await run.exit).status, 0);
  assert.equal(recordsOf(run.stdout).length, 3);
});

test(
  'live: every message as a HEP datagram and as a record, in order',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const { port, got } = await collector(t);
    const url = `hep://127.0.0.1:${port}?id=2001&node=edge&password=s3cret`;
    const args = ['sip', '-i', veth.inside, '-m', '80', '--report', url, '--report', 'json:'];
    const run = kcap(t, args);
    await run.started();
    // As many as a usual receive buffer holds.
    const callIds = Array.from({ length: 80 }, (_, index) => `call-${index}`);
    await sendFrames(
      veth,
      callIds.map((callId) => udpFrame(sipRequest('INVITE', callId))),
    );
    assert.equal((await run.exit).status, 0);
    await waitFor(() => (got.length >= 80 ? true : undefined), {
      limitMs: 10_000,
      what: 'all datagrams',
    });
    const packet = new HepPacket();
    const reported = got.map((bytes) => {
      assert.ok(packet.read(bytes, 0, bytes.length));
      assert.equal(packet.captureId, 2001);
      assert.equal(bytes.toString('latin1', packet.nodeName.start, packet.nodeName.end), 'edge');
      return bytes.toString('latin1', packet.correlationId.start, packet.correlationId.end);
    });
    assert.deepEqual(reported, callIds);
    assert.deepEqual(
      recordsOf(run.stdout).map(({ labels }) => labels['sip.call_id']),
      callIds,
    );
    assert.deepEqual(messagesOf(run), { in: 80, out: 80, filtered: 0, failed: 0, dropped: 0 });
    const { reporters } = run.summary() as unknown as {
      reporters: Record<string, { messages_out: number }>;
    };
    const name = url.replace('s3cret', '***');
    assert.deepEqual(
      Object.entries(reporters).map(([key, { messages_out }]) => [key, messages_out]),
      [
        [name, 80],
        ['json:', 80],
      ],
    );
    assert.doesNotMatch(run.stderr, /s3cret/);
  },
);

test('of several HEP servers each flow has one', async (t) => {
  const first = await collector(t);
  const second = await collector(t);
  const calls = Array.from({ length: 40 }, (_, index) => index);
  const frames = calls.flatMap((call) => [
    udpFrame(sipRequest('INVITE', `call-${call}`), { fromPort: 10_000 + call }),
    udpFrame(sipResponse('200 OK', 'INVITE', `call-${call}`), { ...BACK, toPort: 10_000 + call }),
  ]);
  const url = `hep://127.0.0.1:${first.port},127.0.0.1:${second.port}`;
  const run = kcap(t, ['sip', '-r', await captureFile(t, frames), '--report', url]);
  assert.equal((await run.exit).status, 0);
  await waitFor(() => (first.got.length + second.got.length >= 80 ? true : undefined), {
    limitMs: 10_000,
    what: 'all datagrams',
  });
  const packet = new HepPacket();
  const seen = [first, second].map(({ got }) =>
    got.map((bytes) => {
      assert.ok(packet.read(bytes, 0, bytes.length));
      return bytes.toString('latin1', packet.correlationId.start, packet.correlationId.end);
    }),
  );
  for (const callIds of seen) {
    const distinct = new Set(callIds);
    assert.ok(distinct.size > 5);
    assert.equal(callIds.length, 2 * distinct.size, 'both directions');
  }
});

test('a collector that refuses: it is said, counted, and the status is 1', async (t) => {
  const { port, socket } = await collector(t);
  const refused = await freePort();
  const args = ['--report', `hep://127.0.0.1:${refused}`, '--report', `hep://127.0.0.1:${port}`];
  const run = kcap(t, ['sip', '-r', await captureFile(t), ...args]);
  assert.equal((await run.exit).status, 1);
  const { failed, out } = messagesOf(run) as { failed: number; out: number };
  assert.ok(failed > 0 && failed + out === 3);
  assert.match(run.stderr, /ECONNREFUSED/);
  assert.ok(socket.address().port > 0);
});

test('HEP over TCP: away at the start it is tried again, and nothing is lost', async (t) => {
  const port = await freePort();
  const url = `hep+tcp://127.0.0.1:${port}`;
  const run = kcap(t, ['sip', '-r', await captureFile(t), '--report', url]);
  await run.waitForLog(/ECONNREFUSED[^"]*; trying again/);
  const got: Buffer[] = [];
  const later = createServer((socket) => {
    socket.on('data', (bytes) => got.push(bytes));
  });
  later.listen(port, '127.0.0.1');
  t.after(() => later.close());
  assert.equal((await run.exit).status, 0);
  const stream = await waitFor(
    () => {
      const bytes = Buffer.concat(got);
      return bytes.toString('latin1').split('HEP3').length === 4 ? bytes : undefined;
    },
    { limitMs: 10_000, what: 'three packets' },
  );
  const packet = new HepPacket();
  let at = 0;
  for (const expected of [INVITE, RINGING, BYE]) {
    const length = stream.readUInt16BE(at + 4);
    assert.ok(packet.read(stream, at, at + length));
    assert.equal(
      stream.toString('latin1', packet.payload.start, packet.payload.end),
      expected.toString(),
    );
    at += length;
  }
  assert.equal(at, stream.length);
});

test("captagent's JSON: a datagram a message", async (t) => {
  const { port, got } = await collector(t);
  const url = `json+udp://127.0.0.1:${port}?id=7`;
  const run = kcap(t, ['sip', '-r', await captureFile(t), '--report', url]);
  assert.equal((await run.exit).status, 0);
  await waitFor(() => (got.length >= 3 ? true : undefined), { limitMs: 10_000, what: '3' });
  const { my_time: time, ...first } = JSON.parse(String(got[0])) as Record<string, unknown>;
  assert.ok(Number(time) > 1_700_000_000);
  assert.deepEqual(first, {
    ...{ packet_id: 1, ip_family: 2, ip_proto: 17, src_ip4: '192.0.2.1', dst_ip4: '192.0.2.2' },
    ...{ src_port: 5060, dst_port: 5080, tss: 1_700_000_000, tsu: 0, payload: INVITE.toString() },
    ...{ corr_id: CALL, sip_callid: CALL, sip_method: 'INVITE', sip_cseq: '1 INVITE' },
    sip_from_uri: 'sip:alice@atlanta.example.com',
    sip_to_uri: 'sip:bob@biloxi.example.com',
    sip_request_uri: 'sip:bob@biloxi.example.com',
    ...{ proto_type: 1, capt_id: 7 },
  });
  const third = JSON.parse(String(got[2])) as Record<string, unknown>;
  assert.deepEqual([third['ip_family'], third['src_ip6']], [10, '2001:db8::1']);
});

test('a reader that has had enough ends the run, and loses nothing', async (t) => {
  const frames = Array.from({ length: 5000 }, (_, index) =>
    udpFrame(sipRequest('BYE', `${index}`)),
  );
  const run = kcap(t, ['sip', '-r', await captureFile(t, frames)], {
    under: ['sh', '-c', '"$@" | head -n 1', 'sh'],
  });
  await run.exit;
  assert.equal(recordsOf(run.stdout).length, 1);
  assert.equal((run.summary() as unknown as Record<string, number>)['messages_failed'], 0);
});

for (const workers of [1, 2])
  test(
    `what nobody has read at the end has failed, in ${workers} thread(s)`,
    { skip: noVeth },
    async (t) => {
      const veth = await vethPair(t);
      const args = ['sip', '-i', veth.inside, '--workers', `${workers}`, '--report', 'json:'];
      const run = kcap(t, [...args, '--drain-timeout', '1'], { stdout: 'open' });
      await run.started();
      // More than a pipe holds.
      const frames = Array.from({ length: 500 }, (_, index) =>
        udpFrame(sipRequest('INVITE', `call-${index}`)),
      );
      await sendFrames(veth, frames);
      run.signal('SIGTERM');
      assert.equal((await run.exit).status, 1);
      const { in: taken, out, failed } = messagesOf(run);
      assert.deepEqual([taken, failed], [frames.length, frames.length - Number(out)]);
      assert(Number(failed) > 0);
    },
  );

test('a collector whose name does not resolve, or whose TLS fails, is an error at the start', async (t) => {
  const file = await captureFile(t);
  const unknown = kcap(t, ['sip', '-r', file, '--report', 'hep://no-such-host.invalid']);
  assert.equal((await unknown.exit).status, 1);
  assert.match(unknown.stderr, /hep:\/\/no-such-host\.invalid: (no host is called|look up)/);
  const plain = createServer((socket) => socket.end('no TLS\n'));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  t.after(() => plain.close());
  const { port } = plain.address() as AddressInfo;
  const refused = kcap(t, ['sip', '-r', file, '--report', `hep+tls://127.0.0.1:${port}`]);
  assert.equal((await refused.exit).status, 1);
  assert.match(refused.stderr, /TLS with 127\.0\.0\.1/);
});
