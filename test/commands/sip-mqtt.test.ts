import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { CertificateAuthority } from '../support/certificates.js';
import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { Mosquitto, type Received } from '../support/mosquitto.js';
import { pcapFile } from '../support/pcap-file.js';
import { packetsOf, sipRequest, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';

const INVITE = sipRequest('INVITE', 'call-0');

async function captureFile(t: TestContext, count: number): Promise<string> {
  const frames = Array.from({ length: count }, (_, index) =>
    udpFrame(sipRequest('INVITE', `call-${index}`)),
  );
  const file = path.join(await tempFolder(t), 'sip.pcap');
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

/** Messages in, out and failed. */
function counts(run: KcapRun): unknown {
  const summary = run.summary() as unknown as Record<string, number>;
  return ['in', 'out', 'failed', 'dropped'].map((name) => summary[`messages_${name}`]);
}

function idsOf(received: readonly Received[], topic = 'sip/fra1'): Set<string> {
  return new Set(
    received
      .filter((one) => one.topic === topic)
      .map(({ payload }) => (JSON.parse(payload.toString()) as { id: string }).id),
  );
}

test('each message is an envelope of its own, and counters are telemetry', async (t) => {
  const broker = await Mosquitto.start(t);
  const received = await broker.subscribe(t);
  const url = `mqtt://127.0.0.1:${broker.port}/sip/fra1?telemetry=kcap/state&client=edge`;
  const run = kcap(t, ['sip', '-r', await captureFile(t, 3), '--report', url]);
  assert.equal((await run.exit).status, 0);
  await waitFor(() => received.length >= 4, { limitMs: 10_000, what: 'three messages and one' });
  const [first, , , last] = received;
  assert.ok(first && last);
  const { version, ...envelope } = JSON.parse(first.payload.toString()) as Record<string, string>;
  assert.match(version ?? '', /^kcap\/\d/);
  assert.deepEqual(envelope, {
    ...{ sip: INVITE.toString('base64'), time: '2023-11-14T22:13:20Z', id: 'call-0' },
  });
  assert.deepEqual([first.qos, first.retain, first.topic], [1, false, 'sip/fra1']);
  assert.equal(last.topic, 'kcap/state');
  const state = JSON.parse(last.payload.toString()) as Record<string, number>;
  assert.deepEqual([state['messages_in'], state['messages_out']], [3, 3]);
  assert.deepEqual(counts(run), [3, 3, 0, 0]);
});

test('a broker that is killed and started again: said once, and nothing is lost', async (t) => {
  const broker = await Mosquitto.start(t);
  const before = await broker.subscribe(t);
  // More than the broker may have taken before it is gone.
  const file = await captureFile(t, 40_000);
  const url = `mqtt://127.0.0.1:${broker.port}/sip/fra1`;
  const run = kcap(t, ['sip', '-r', file, '--report', url]);
  await waitFor(() => before.length > 0, { limitMs: 10_000, what: 'the first message' });
  await broker.kill();
  await run.waitForLog(/trying again/);
  await broker.start();
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(counts(run), [40_000, 40_000, 0, 0]);
  const said = run.records.map(({ msg }) => msg).filter((msg) => /trying again/.test(String(msg)));
  assert.equal(said.length, 1, said.join('\n'));
});

test('a broker that does not answer for a while holds up a file', async (t) => {
  const broker = await Mosquitto.start(t);
  const received = await broker.subscribe(t);
  const url = `mqtt://127.0.0.1:${broker.port}/sip/fra1`;
  const run = kcap(t, ['sip', '-r', await captureFile(t, 30_000), '--report', url]);
  await waitFor(() => received.length > 0, { limitMs: 10_000, what: 'the first message' });
  broker.signal('SIGSTOP');
  const taken = received.length;
  assert.ok(taken < 30_000);
  broker.signal('SIGCONT');
  assert.equal((await run.exit).status, 0);
  await waitFor(() => received.length >= 30_000, { limitMs: 20_000, what: 'all messages' });
  assert.equal(idsOf(received).size, 30_000);
  assert.deepEqual(counts(run), [30_000, 30_000, 0, 0]);
});

test('away at the start: it is said, and tried again', async (t) => {
  const broker = await Mosquitto.start(t);
  await broker.kill();
  const url = `mqtt://127.0.0.1:${broker.port}/sip/fra1`;
  const run = kcap(t, ['sip', '-r', await captureFile(t, 3), '--report', url]);
  await run.waitForLog(/ECONNREFUSED[^"]*; trying again/);
  await broker.start();
  assert.equal((await run.exit).status, 0);
  assert.deepEqual(counts(run), [3, 3, 0, 0]);
});

test('TLS: the server is verified, and the client shows its certificate', async (t) => {
  const folder = await tempFolder(t);
  const authority = await CertificateAuthority.make(folder, 'ours');
  const others = await CertificateAuthority.make(folder, 'theirs');
  const server = await authority.issue({ commonName: 'broker', names: ['IP:127.0.0.1'] });
  const client = await authority.issue({ commonName: 'edge' });
  const broker = await Mosquitto.start(t, [
    ...[`cafile ${authority.file}`, `certfile ${server.certificate}`, `keyfile ${server.key}`],
    ...['require_certificate true', 'use_identity_as_username true'],
  ]);
  const received = await broker.subscribe(t);
  const file = await captureFile(t, 1);
  const url = `mqtts://127.0.0.1:${broker.otherPort}/sip/fra1`;
  const own = `&cert=${client.certificate}&key=${client.key}`;
  const good = kcap(t, ['sip', '-r', file, '--report', `${url}?ca=${authority.file}${own}`]);
  assert.equal((await good.exit).status, 0);
  await waitFor(() => received.length >= 1, { limitMs: 10_000, what: 'the message' });
  for (const [settings, cause] of [
    [`ca=${others.file}${own}`, /certificate/],
    [`ca=${authority.file}`, /alert|closed|ECONNRESET|certificate/],
  ] as const) {
    const bad = kcap(t, ['sip', '-r', file, '--report', `${url}?${settings}`]);
    assert.equal((await bad.exit).status, 1);
    assert.match(bad.stderr, cause);
    assert.match(bad.stderr, /ca=, cert= and key=/);
  }
});

test('over WebSocket', async (t) => {
  const broker = await Mosquitto.start(t, ['protocol websockets', 'allow_anonymous true']);
  const received = await broker.subscribe(t);
  const url = `ws://127.0.0.1:${broker.otherPort}/sip/fra1`;
  const run = kcap(t, ['sip', '-r', await captureFile(t, 500), '--report', url]);
  assert.equal((await run.exit).status, 0);
  await waitFor(() => received.length >= 500, { limitMs: 10_000, what: 'all messages' });
  assert.equal(idsOf(received).size, 500);
});

test('a user that the broker does not know ends the run at its start', async (t) => {
  const broker = await Mosquitto.start(t, ['allow_anonymous false']);
  const url = `mqtt://127.0.0.1:${broker.otherPort}/sip/fra1?user=edge&password=s3cret`;
  const run = kcap(t, ['sip', '-r', await captureFile(t, 1), '--report', url]);
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /Not authorized/);
  assert.match(run.stderr, /password=\*\*\*/);
  assert.doesNotMatch(run.stderr, /s3cret/);
});
