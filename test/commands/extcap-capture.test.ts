import assert from 'node:assert/strict';
import { constants, createReadStream } from 'node:fs';
import { chmod, mkdir, open, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import {
  COMMAND,
  ControlReader,
  controlMessage,
  type ControlMessage,
} from '#kcap/extcap/control-protocol.js';
import { installLauncher } from '#kcap/extcap/launcher.js';
import { interfaceName, recentTopics } from '#kcap/extcap/recent-topics.js';
import { readPcapng } from '../support/captures/pcapng-read.js';
import { kcap } from '../support/kcap.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { spawnTied } from '../support/tied-process.js';
import { freshTopic, sendMessages, type TestMessage } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 10_000;

/** Wireshark takes a personal folder, or one of the environment's, only from others than root. */
const AS_A_USER =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

/** Every other one is of Linux's cooked capture. */
function packet(index: number): TestMessage {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(1_700_000_000_000_000n + BigInt(index));
  const headers = [['pcap-interface', `eth${index % 2}`] as const];
  return {
    key,
    value: Buffer.alloc(60 + index),
    headers: index % 2 === 0 ? headers : [...headers, ['pcap-linktype', '113']],
  };
}

function packets(count: number): TestMessage[] {
  return Array.from({ length: count }, (_, index) => packet(index));
}

/** A capture as Wireshark starts it: the pipes are made, and each is open at Wireshark's end. */
async function wireshark(t: TestContext, topic: string, ...more: string[]) {
  const folder = await tempFolder(t);
  const paths = { fifo: `${folder}/fifo`, toKcap: `${folder}/in`, fromKcap: `${folder}/out` };
  await runCommand('mkfifo', ...Object.values(paths));
  const file = path.join(folder, 'captured.pcapng');
  const state = path.join(folder, 'state');
  const run = kcap(
    t,
    [
      ...['extcap', '--capture', '--extcap-interface', 'kcap', '--fifo', paths.fifo],
      ...['--extcap-control-out', paths.fromKcap, '--extcap-control-in', paths.toKcap],
      ...['--brokers', testBrokers(), '--topic', topic, ...more],
    ],
    { env: { XDG_STATE_HOME: state } },
  );
  const said: ControlMessage[] = [];
  const reader = new ControlReader();
  const control = createReadStream(paths.fromKcap);
  control.on('data', (bytes) => said.push(...reader.read(bytes as Buffer)));
  const toKcap = await open(paths.toKcap, constants.O_WRONLY);
  t.after(() => toKcap.close());
  const captured: Buffer[] = [];
  // A program of its own: Node would not close a pipe while it waits for what comes next.
  const output = spawnTied(['cat', paths.fifo], { stdio: ['ignore', 'pipe', 'inherit'] });
  output.stdout?.on('data', (bytes: Buffer) => captured.push(bytes));
  return {
    run,
    output,
    toKcap,
    said,
    statusBar: () =>
      said.flatMap(({ command, payload }) =>
        command === COMMAND.statusBar ? [payload.toString()] : [],
      ),
    /** The log, as Wireshark shows it. */
    log: () =>
      said.map(({ control, payload }) => (control === 1 ? payload.toString() : '')).join(''),
    state: path.join(state, 'kcap/wireshark.json'),
    bytes: () => Buffer.concat(captured),
    packets: async () => {
      await writeFile(file, Buffer.concat(captured));
      return readPcapng(file);
    },
  };
}

async function press(toKcap: FileHandle, control: number): Promise<void> {
  await toKcap.write(controlMessage(control, COMMAND.set));
}

test('a capture for Wireshark writes packets into its pipe, and nothing else to anybody but its tool bar', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(4));
  const {
    run,
    toKcap,
    said,
    statusBar,
    log,
    state,
    packets: captured,
  } = await wireshark(t, topic, '--start', 'begin');
  await toKcap.write(controlMessage(255, COMMAND.initialized));
  await waitFor(async () => (await captured()).length === 4, {
    limitMs: LIMIT_MS,
    what: 'packets',
  });
  assert.deepEqual(
    (await captured()).map(({ linkType, interface: name, frame }) => [
      linkType,
      name,
      frame.length,
    ]),
    [
      [1, 'eth0', 60],
      [113, 'eth1', 61],
      [1, 'eth0', 62],
      [113, 'eth1', 63],
    ],
  );
  // The log is emptied first: Wireshark keeps that of the capture before.
  assert.deepEqual(said[0], { control: 1, command: COMMAND.set, payload: Buffer.alloc(0) });
  assert.deepEqual(statusBar(), [`kcap: reading topic ${topic} (1 partition(s))`]);
  await press(toKcap, 0);
  await waitFor(() => statusBar().length === 2, { limitMs: LIMIT_MS, what: 'the status' });
  assert.equal(statusBar()[1], "kcap: '4' packet(s) in, '4' packet(s) out");
  // What is not of the protocol, and buttons that there are not, end nothing.
  await press(toKcap, 9);
  await toKcap.write('nonsense');
  await sendMessages(topic, [packet(4)]);
  await waitFor(async () => (await captured()).length === 5, { limitMs: LIMIT_MS, what: 'more' });
  run.signal('SIGTERM');
  const { status, durationMs } = await run.exit;
  assert.equal(status, 0);
  assert.ok(durationMs < 30_000);
  assert.equal(run.stderr, '');
  assert.equal(run.stdout.length, 0);
  await waitFor(() => /'5' packet\(s\) in, '5' packet\(s\) out/.test(log()), {
    limitMs: LIMIT_MS,
    what: 'the summary',
  });
  assert.match(log(), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: reading topic .* \(1 partition\(s\)\)$/m);
  assert.deepEqual(recentTopics(state), [
    { brokers: testBrokers(), topic, propertiesFile: undefined },
  ]);
});

test('a capture ends when Wireshark closes its pipe', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(2));
  const { run, output, packets: captured } = await wireshark(t, topic, '--start', '-2');
  await waitFor(async () => (await captured()).length === 2, {
    limitMs: LIMIT_MS,
    what: 'packets',
  });
  output.kill();
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.equal(run.stderr, '');
});

test('a capture has the format, the start and the filter of the settings', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(5));
  const settings = ['--start', '2023-11-14T22:13:20.000002Z', '--format', 'pcap'];
  const filter = ['--extcap-capture-filter', 'len >= 63'];
  const { run, bytes, toKcap, statusBar } = await wireshark(t, topic, ...settings, ...filter);
  // Packets 2 and 4 are Ethernet, and in a pcap file the first one decides; 3 and 4 are long enough, 3 comes first.
  await waitFor(
    async () => {
      await press(toKcap, 0);
      return /'1' packet\(s\) skipped/.test(statusBar().at(-1) ?? '');
    },
    { limitMs: LIMIT_MS, what: 'the last packet' },
  );
  assert.equal(bytes().length, 24 + 16 + 63);
  assert.equal(bytes().readUInt32LE(0), 0xa1b2c3d4);
  assert.equal(bytes().readUInt32LE(20), 113);
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /^kcap: packets are missing: .*link type/);
});

test('packets that are missing are reported on standard error, for Wireshark to show', async (t) => {
  const topic = await freshTopic(t);
  const bad: TestMessage = { key: Buffer.alloc(8, 0xff), value: Buffer.alloc(60) };
  await sendMessages(topic, [bad, packet(0)]);
  const { run, packets: captured } = await wireshark(t, topic, '--start', 'begin');
  await waitFor(async () => (await captured()).length === 1, {
    limitMs: LIMIT_MS,
    what: 'a packet',
  });
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /^kcap: packets are missing: .*'1' packet\(s\) skipped/);
});

test('tshark lists Kafka, and captures from it', async (t) => {
  const topic = await freshTopic(t);
  await sendMessages(topic, packets(4));
  const folder = await tempFolder(t);
  await chmod(folder, 0o755);
  const state = path.join(folder, 'state');
  await mkdir(state);
  await chmod(state, 0o777);
  const extcap = path.join(folder, 'extcap');
  installLauncher(extcap, { kcap: `${repository}bin/kcap`, node: process.execPath });
  const tshark = (...args: string[]) => {
    const env = {
      WIRESHARK_EXTCAP_DIR: extcap,
      XDG_STATE_HOME: state,
      HOME: state,
      TMPDIR: state,
    };
    return kcap(t, args, { command: ['tshark'], under: AS_A_USER, env });
  };
  const brokers = testBrokers();
  const capturing = tshark(
    ...[
      '-i',
      'kcap',
      '-o',
      `extcap.kcap.brokers:${brokers}`,
      '-o',
      `extcap.kcap.topicname:${topic}`,
    ],
    ...['-o', 'extcap.kcap.start:begin', '-c', '4', '-T', 'fields'],
    ...['-e', 'frame.encap_type', '-e', 'frame.len', '-e', 'frame.interface_name'],
  );
  assert.equal((await capturing.exit).status, 0, capturing.stderr);
  // 1 is Ethernet and 25 Linux's cooked capture, by Wireshark's own numbers.
  assert.equal(
    capturing.stdout.toString().replaceAll(/\t[^\t\n]*$/gm, ''),
    '1\t60\n25\t61\n1\t62\n25\t63\n',
    capturing.stderr,
  );
  assert.doesNotMatch(capturing.stderr, /kcap: |extcap pipe/);

  // Now the topic is an interface of its own.
  const name = interfaceName({ brokers, topic });
  const list = tshark('-D');
  assert.equal((await list.exit).status, 0, list.stderr);
  assert.match(list.stdout.toString(), /^\d+\. kcap \(Kafka\)$/m);
  assert.ok(
    list.stdout.includes(` ${name} (Kafka: ${topic} on ${brokers})\n`),
    list.stdout.toString(),
  );
});
