import assert from 'node:assert/strict';
import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { pcapFile } from '../support/pcap-file.js';
import { description } from '../support/rtp-packets.js';
import { runCommand } from '../support/run-command.js';
import { packetsOf, sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { hasEnded, spawnTied } from '../support/tied-process.js';
import { waitFor } from '../support/wait-for.js';
import { noVeth } from '../support/veth.js';

/** Programs that read what kcap reports, or speak what it sees: Debian's. */
const lacks = (command: string) =>
  spawnSync('which', [command]).status === 0 ? false : `needs ${command}`;
const noKamailio = lacks('kamailio');
const noSngrep = lacks('sngrep');
const noSipp = lacks('sipp');
const LIMIT_MS = 20_000;
const CALLS = 10;

/** A message as it passes, and what a collector has to know of it. */
interface Passing {
  readonly first: string;
  readonly callId: string;
  readonly bytes: Buffer;
  readonly ends: { from: string; to: string; fromPort: number; toPort: number };
}

/** The six messages of a call between two hosts of its own. */
function callOf(index: number): Passing[] {
  const callId = `call-${index}@example.com`;
  const there = { from: `192.0.2.${index + 1}`, to: `198.51.100.${index + 1}` };
  const forth = { ...there, fromPort: 5060 + index, toPort: 5080 };
  const back = { from: there.to, to: there.from, fromPort: 5080, toPort: 5060 + index };
  const request = (method: string, body = ''): Passing => ({
    ...{ first: method, callId, ends: forth },
    bytes: sipRequest(method, callId, ['Max-Forwards: 70'], body),
  });
  const response = (status: string, method: string, body = ''): Passing => ({
    ...{ first: status.slice(0, 3), callId, ends: back },
    bytes: sipResponse(status, method, callId, body),
  });
  return [
    request('INVITE', description(there.from, 4000)),
    response('180 Ringing', 'INVITE'),
    response('200 OK', 'INVITE', description(there.to, 5000)),
    request('ACK'),
    request('BYE'),
    response('200 OK', 'BYE'),
  ];
}

/** Calls that pass message by message beside one another. */
const MESSAGES: readonly Passing[] = Array.from({ length: 6 }, (_, step) =>
  Array.from({ length: CALLS }, (__, index) => callOf(index)[step]),
)
  .flat()
  .filter((message) => message !== undefined);

async function captureFile(t: TestContext, messages = MESSAGES): Promise<string> {
  const file = path.join(await tempFolder(t), 'calls.pcap');
  const frames = messages.map(({ bytes, ends }) => udpFrame(bytes, ends));
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

/** A program that runs until the test ends, and what it says on both its outputs. */
interface Running {
  readonly child: ChildProcess;
  readonly said: () => string;
}

function running(t: TestContext, ...command: readonly string[]): Running {
  const child = spawnTied(command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'dumb' },
  });
  const parts: Buffer[] = [];
  child.stdout?.on('data', (part: Buffer) => parts.push(part));
  child.stderr?.on('data', (part: Buffer) => parts.push(part));
  t.after(async () => {
    if (hasEnded(child)) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  });
  return { child, said: () => Buffer.concat(parts).toString('latin1') };
}

/** Kamailio as a collector: it stores what its sipcapture takes, and says so. */
async function kamailio(
  t: TestContext,
  { hooks = '', settings = '' } = {},
): Promise<Running & { port: number; stored: () => Promise<string[][]> }> {
  const folder = await tempFolder(t);
  const port = await freePort();
  const modules = await modulesFolder();
  const captured = (first: string) =>
    `if (sip_capture()) { xlog("L_NOTICE", "captured|${first}|$ci|\\n"); }\ndrop;`;
  const lines = [
    '#!KAMAILIO',
    ...['debug=2', 'log_stderror=yes', 'children=1', 'tcp_children=1', settings],
    ...[`listen=udp:127.0.0.1:${port}`, `listen=tcp:127.0.0.1:${port}`],
    `mpath="${modules}"`,
    ...['pv', 'xlog', 'db_flatstore', 'sipcapture'].map((name) => `loadmodule "${name}.so"`),
    `modparam("sipcapture", "db_url", "flatstore:${folder}")`,
    ...['modparam("sipcapture", "capture_on", 1)', 'modparam("sipcapture", "hep_capture_on", 1)'],
    hooks,
    `request_route {\n${captured('$rm')}\n}`,
    `onreply_route {\n${captured('$rs')}\n}`,
  ];
  const file = path.join(folder, 'kamailio.cfg');
  await writeFile(file, `${lines.join('\n')}\n`);
  const memory = ['-m', '16', '-M', '4'];
  const run = running(
    t,
    'kamailio',
    '-f',
    file,
    '-DD',
    '-E',
    ...memory,
    '-Y',
    folder,
    '-w',
    folder,
  );
  await waitFor(() => /finally \d+ on fd/.test(run.said()) || hasEnded(run.child), {
    limitMs: LIMIT_MS,
    what: 'Kamailio',
  });
  assert.ok(!hasEnded(run.child), run.said());
  const stored = async () => {
    const names = (await readdir(folder)).filter((name) => name.startsWith('sip_capture_'));
    const files = await Promise.all(
      names.map((name) => readFile(path.join(folder, name), 'latin1')),
    );
    return files.flatMap((text) => text.trimEnd().split('\n')).map((line) => line.split('|'));
  };
  return { ...run, port, stored };
}

async function modulesFolder(): Promise<string> {
  const [first = ''] = (await runCommand('dpkg', '-L', 'kamailio'))
    .split('\n')
    .filter((file) => file.endsWith('/sipcapture.so'));
  return `${path.dirname(first)}/`;
}

function capturedBy({ said }: Running): string[] {
  return [...said().matchAll(/captured\|(.*)\|$/gm)].map(([, what = '']) => what);
}

const namesOf = (messages: readonly Passing[]) =>
  messages.map(({ first, callId }) => `${first}|${callId}`);

/** Reports the calls, and waits until as many have been captured; what Kamailio has captured. */
async function reported(t: TestContext, to: Running, url: string): Promise<string[]> {
  const run = kcap(t, ['sip', '-r', await captureFile(t), '--report', url]);
  assert.equal((await run.exit).status, 0, run.stderr);
  return waitFor(() => capturedBy(to).length >= MESSAGES.length && capturedBy(to), {
    limitMs: LIMIT_MS,
    what: 'all messages',
  });
}

describe("Kamailio's sipcapture", { skip: noKamailio }, () => {
  for (const version of [2, 3])
    test(`takes HEP ${version} over UDP: each message once, in order, with all that is known of it`, async (t) => {
      const collector = await kamailio(t);
      const url = `hep://127.0.0.1:${collector.port}?id=2001&version=${version}`;
      assert.deepEqual(await reported(t, collector, url), namesOf(MESSAGES));
      const stored = (await collector.stored()).map((row) => [
        ...[row[1], row[2], row[13], row[22], row[23], row[24], row[25], row[34]],
        ...[version === 3 ? row[35] : '', row[40]?.replaceAll('\\x0D\\x0A', '\r\n')],
      ]);
      assert.deepEqual(
        stored,
        MESSAGES.map(({ first, callId, bytes, ends }, index) => [
          ...[String(1_700_000_000_000_000 + index), first, callId],
          ...[ends.from, String(ends.fromPort), ends.to, String(ends.toPort), 'homer01:2001'],
          ...[version === 3 ? callId : '', bytes.toString()],
        ]),
      );
    });

  test('takes HEP 3 over TCP: each message once, in order, and its chunks are what they should be', async (t) => {
    const chunks = [
      '0x003',
      '0x004',
      '0x007',
      '0x008',
      '0x009',
      '0x00a',
      '0x00b',
      '0x00c',
      '0x011',
    ];
    const collector = await kamailio(t, {
      // Over TCP it reads HEP where it is told to, and where nothing is expected of what is in it.
      settings: 'tcp_accept_hep3=yes\ntcp_accept_no_cl=yes',
      hooks: [
        'modparam("sipcapture", "nonsip_hook", 1)',
        'event_route[sipcapture:request] {',
        `xlog("L_NOTICE", "hep|${chunks.map((chunk) => `$hep(${chunk})`).join('|')}|\\n");`,
        'return(1);\n}',
      ].join('\n'),
    });
    const url = `hep+tcp://127.0.0.1:${collector.port}?id=2001`;
    assert.deepEqual(await reported(t, collector, url), namesOf(MESSAGES));
    const seen = [...collector.said().matchAll(/hep\|(.*)\|$/gm)].map(([, row = '']) => row);
    assert.deepEqual(
      seen,
      MESSAGES.map(({ callId, ends }, index) =>
        [
          ...[ends.from, ends.to, ends.fromPort, ends.toPort],
          ...[1_700_000_000, index, 1, 2001, callId],
        ].join('|'),
      ),
    );
  });
});

test('sngrep takes HEP 3: each message once, in order', { skip: noSngrep }, async (t) => {
  const port = await freePort();
  const file = path.join(await tempFolder(t), 'sngrep.pcap');
  const run = running(t, 'sngrep', '-N', '-L', `udp:127.0.0.1:${port}`, '-O', file);
  const listening = async () => (await runCommand('ss', '-Huln', `sport = :${port}`)) !== '';
  await waitFor(listening, { limitMs: LIMIT_MS, what: 'sngrep' });
  // It counts calls, not messages: once it knows another, it has taken all of those before.
  const messages = [...MESSAGES, ...callOf(CALLS).slice(0, 1)];
  const args = ['-r', await captureFile(t, messages), '--report', `hep://127.0.0.1:${port}`];
  const reporting = kcap(t, ['sip', ...args]);
  assert.equal((await reporting.exit).status, 0, reporting.stderr);
  const counted = () => run.said().includes(`Dialog count: ${CALLS + 1}`);
  await waitFor(counted, { limitMs: LIMIT_MS, what: 'all calls' });
  const exit = once(run.child, 'exit');
  run.child.kill('SIGTERM');
  await exit;
  const fields = [
    'sip.Method',
    'sip.Status-Code',
    'sip.Call-ID',
    'frame.time_epoch',
    'ip.src',
    'udp.srcport',
    'ip.dst',
    'udp.dstport',
  ];
  const shown = await runCommand(
    'tshark',
    ...['-r', file, '-d', 'udp.port==5080,sip', '-T', 'fields'],
    ...fields.flatMap((field) => ['-e', field]),
  );
  assert.deepEqual(
    shown.trimEnd().split('\n'),
    messages.map(({ first, callId, ends }, index) =>
      [
        ...(/^\d/.test(first) ? ['', first] : [first, '']),
        ...[callId, `1700000000.${String(index).padStart(6, '0')}000`],
        ...[ends.from, ends.fromPort, ends.to, ends.toPort],
      ].join('\t'),
    ),
  );
});

interface SippMessage {
  readonly callId: string;
  readonly text: string;
}

/** The messages of a trace of SIPp's (-trace_msg), in order. */
function traced(trace: string): SippMessage[] {
  const messages = trace
    .split(/^-{40,} .*\n(?:UDP|TCP) message (?:sent|received) .*:\n\n/m)
    .slice(1);
  return messages.map((text) => ({ callId: callIdOf(text), text: text.trim() }));
}

function byCall(messages: readonly SippMessage[]): Map<string, string[]> {
  const calls = new Map<string, string[]>();
  for (const { callId, text } of messages) calls.set(callId, [...(calls.get(callId) ?? []), text]);
  return calls;
}

const callIdOf = (text: string) => /^Call-ID: (.*?)\r?$/m.exec(text)?.[1] ?? '';

interface SipRecord {
  readonly raw_payload: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The thread's number. */
  readonly pipeline_id: number;
}

describe('calls that SIPp makes', { skip: noSipp || noVeth }, () => {
  for (const [name, transport, workers] of [
    ['UDP', 'u1', 1],
    ['TCP', 't1', 1],
    ['UDP, in two threads', 'u1', 2],
    ['TCP, in two threads', 't1', 2],
  ] as const)
    test(`over ${name}: every message once, in order, with its Call-ID`, async (t) => {
      const namespace = await netNamespace(t);
      const folder = await tempFolder(t);
      const calls = 20;
      const sipp = (address: string, count: number) => [
        ...['-max_socket', '100', '-i', address, '-t', transport],
        ...['-m', String(count), '-nostdin'],
      ];
      const run = kcap(t, ['sip', '-i', 'lo', '--workers', String(workers)], {
        ...{ under: namespace.under, limitMs: LIMIT_MS },
      });
      await run.started();
      const callee = [...sipp('127.0.0.1', calls), '-sn', 'uas', '-p', '5060'];
      running(t, ...namespace.under, 'sipp', ...callee);
      const listening = async () => (await namespace.run('ss', '-Htuln', 'sport = :5060')) !== '';
      await waitFor(listening, { limitMs: LIMIT_MS, what: 'SIPp' });
      // Threads share out what comes by its addresses.
      const callers = workers === 1 ? ['127.0.0.1'] : [2, 3, 4, 5].map((last) => `127.0.0.${last}`);
      const callFrom = async (address: string) => {
        const trace = path.join(folder, address);
        await namespace.run(
          'sipp',
          ...[...sipp(address, calls / callers.length), '-sn', 'uac', '-p', '5070'],
          ...['-r', '100', '-d', '10', '-trace_msg', '-message_file', trace, '127.0.0.1:5060'],
        );
        return traced(await readFile(trace, 'latin1'));
      };
      const sent = (await Promise.all(callers.map(callFrom))).flat();
      assert.equal(sent.length, 6 * calls);
      run.signal('SIGINT');
      assert.equal((await run.exit).status, 0, run.stderr);
      const records = run.stdout
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as SipRecord);
      const seen = records.map(({ raw_payload, labels }) => ({
        callId: labels['sip.call_id'] ?? '',
        text: Buffer.from(raw_payload, 'base64').toString('latin1').trim(),
      }));
      // In order within a call: the one who traces does not see the others as the network does.
      assert.deepEqual(byCall(seen), byCall(sent));
      assert.equal(seen.length, sent.length);
      const threads = new Set(records.map(({ pipeline_id }) => pipeline_id));
      assert.equal(threads.size, workers);
    });
});
