import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { textDocument } from '#kcap/documents/read-document.js';
import { UserError } from '#kcap/errors/user-error.js';
import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';
import { underWay } from '#kcap/pipeline/account.js';
import { openInScope } from '#kcap/pipeline/scope.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { summarize } from '#kcap/pipeline/summary.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import { HepPacket } from '#kcap/protocols/hep/hep-packet.js';
import { openDescribedRun, type DescribedRun, type RunParts } from '#kcap/task/described-run.js';
import { checkTask } from '#kcap/task/description/read-task.js';

import { AT_ONCE, InMemoryKafka, makeTopic, readPackets } from '../kafka/in-memory.js';
import { keptLog } from '../kafka/log.js';
import { batchOf, numbered } from '../packet/packets.js';
import { passageOf } from '../protocols/passages.js';
import { KeptOutput } from '../support/files/kept-output.js';
import { openFiles } from '../support/files/open-files.js';
import { freePort } from '../support/free-port.js';
import { numberedFrame, numberOf } from '../support/numbered-frames.js';
import { pcapFile, readPcap, type PcapPacket } from '../support/pcap-file.js';
import { description, receiverReport, rtpPacket } from '../support/rtp-packets.js';
import { repository } from '../support/repository.js';
import { packetsOf, sipRequest, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { readMessages } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

interface Opened extends DescribedRun {
  readonly stop: Stop;
  readonly console: KeptOutput;
  readonly messages: () => string[];
  /** Runs to its end. */
  readonly ends: () => Promise<void>;
}

async function openedTask(
  t: TestContext,
  yaml: string,
  more: Partial<RunParts> = {},
  drainMs = 10_000,
): Promise<Opened> {
  const task = await checkTask(await textDocument('task.yaml', yaml, { environment: {} }));
  const stop = new Stop(drainMs);
  const { log, records } = keptLog();
  const output = new KeptOutput();
  const parts: RunParts = {
    ...{ stop, log, openConsole: () => output, application: 'kcap test' },
    ...{ who: { agentId: 'edge-1', pipelineId: 0 }, spoolFolder: await tempFolder(t) },
    defaults: { connection: undefined, kafka: undefined, hep: undefined, mqtt: undefined },
    ...more,
  };
  const { opened, scope } = await openInScope((inner) => openDescribedRun(task, inner, parts));
  t.after(async () => {
    stop.request();
    await opened.run.close();
    await scope.close();
  });
  return {
    ...opened,
    ...{ stop, console: output, messages: () => records.map(({ msg }) => String(msg)) },
    ends: async () => {
      opened.autostop.begin();
      await opened.run.run(stop);
      opened.autostop.end();
      for (const account of opened.reporters().values()) assert.equal(underWay(account).packets, 0);
    },
  };
}

async function captured(t: TestContext, packets: readonly PcapPacket[]): Promise<string> {
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, pcapFile({ packets }));
  return file;
}

function outs(run: DescribedRun): Record<string, number> {
  return Object.fromEntries([...run.reporters()].map(([id, { out }]) => [id, out.packets]));
}

describe('a run from a description', () => {
  test('sends the packets of a file to a topic, another file and the console', async (t) => {
    const kafka = new InMemoryKafka(t);
    const packets = numbered(50);
    const file = await captured(t, packets);
    const copy = path.join(await tempFolder(t), 'copy.pcap');
    const run = await openedTask(
      t,
      `
id: three-ways
capture: {name: file, path: ${file}}
reporters:
  - {name: frames, config: {brokers: "${kafka.address}", topic: packets, timestamp: packet, properties: ${unordered()}}}
  - {name: file, config: {path: ${copy}}}
  - {name: console}
`,
    );
    assert.equal(run.started, `reading ${file}, reporting to frames, file, console`);
    await run.ends();
    assert.deepEqual(
      (await readPackets(kafka.consumer({ end: 50 }))).map(({ frame }) => frame),
      packets.map(({ frame }) => frame),
    );
    assert.deepEqual(readPcap(await readFile(copy)).packets, packets);
    assert.ok(run.console.lines.length >= 50);
    assert.deepEqual(outs(run), { frames: 50, file: 50, console: 50 });
  });

  test('takes what its reporters leave out from the defaults', async (t) => {
    const kafka = new InMemoryKafka(t);
    const file = await captured(t, numbered(3));
    const connection = {
      ...{ brokers: [kafka.address], sasl: undefined, tls: undefined },
      properties: new Map(Object.entries(AT_ONCE)),
    };
    const run = await openedTask(
      t,
      `
id: defaults
capture: {name: file, path: ${file}}
reporters: [{name: frames, as: raw, config: {topic: packets, pack: true}}]
`,
      { defaults: { connection, kafka: undefined, hep: undefined, mqtt: undefined } },
    );
    await run.ends();
    assert.equal((await readPackets(kafka.consumer({ end: 1 }))).length, 3);
    assert.deepEqual(outs(run), { raw: 3 });
  });

  test('finds SIP messages, filters and labels them, and reports them to all reporters', async (t) => {
    const collector = await hepCollector(t);
    const frames = ['INVITE', 'OPTIONS', 'BYE'].map((method) =>
      udpFrame(sipRequest(method, `call of ${method}`)),
    );
    const file = await captured(t, packetsOf([...frames, udpFrame(Buffer.from('no SIP'))]));
    const run = await openedTask(
      t,
      `
id: sip-edge
capture: {name: file, path: ${file}}
parsers: [sip]
processors:
  - {name: filter, config: {sip: '(method options)', drop: true}}
  - {name: label, config: {site: fra1}}
reporters:
  - {name: console, config: {format: json}}
  - {name: hep, config: {servers: ["127.0.0.1:${collector.port}"], capture_id: 7, auth_key: secret}}
`,
    );
    await run.ends();
    const records = run.console.lines.map(
      (line) => JSON.parse(line) as { task_id: string; agent_id: string; labels: object },
    );
    assert.deepEqual(
      records.map(({ task_id, agent_id, labels }) => [task_id, agent_id, labels]),
      ['INVITE', 'BYE'].map((method) => [
        ...['sip-edge', 'edge-1'],
        { ...labelsOf(method), site: 'fra1' },
      ]),
    );
    await waitFor(() => collector.packets.length === 2, { limitMs: 10_000, what: 'HEP packets' });
    const hep = new HepPacket();
    for (const datagram of collector.packets) {
      assert.ok(hep.read(datagram, 0, datagram.length));
      assert.equal(hep.captureId, 7);
      const { start, end } = hep.password;
      assert.equal(datagram.toString('utf8', start, end), 'secret');
    }
    assert.deepEqual(outs(run), { console: 2, hep: 2 });
    const { packets_in, packets_out, packets_filtered, messages_in, messages_filtered } = summarize(
      run.run.account(),
      0,
    );
    assert.deepEqual(
      { packets_in, packets_out, packets_filtered, messages_in, messages_filtered },
      { packets_in: 4, packets_out: 2, packets_filtered: 2, messages_in: 3, messages_filtered: 1 },
    );
  });

  test("keeps what captagent's capture plan sends", async (t) => {
    const long = 'x'.repeat(100);
    const file = await captured(
      t,
      packetsOf(['INVITE', 'OPTIONS', 'BYE'].map((method) => udpFrame(sipRequest(method, long)))),
    );
    const plan = `${repository}examples/plans/sip_capture_plan.cfg`;
    const run = await openedTask(
      t,
      `
id: plan
capture: {name: file, path: ${file}}
parsers: [sip]
processors:
  - {name: plan, config: {file: ${plan}}}
  - {name: filter, config: {sip: '(not (method bye))'}}
reporters:
  - {name: console, config: {format: json}}
`,
    );
    await run.ends();
    const methods = run.console.lines.map(
      (line) => (JSON.parse(line) as { labels: Record<string, string> }).labels['sip.method'],
    );
    assert.deepEqual(methods, ['INVITE']);
  });

  test('reports messages to Kafka, labels among their headers', async (t) => {
    const kafka = new InMemoryKafka(t);
    const frames = ['a', 'b'].map((call) => udpFrame(sipRequest('INVITE', call)));
    const file = await captured(t, packetsOf(frames));
    const connection = { brokers: [kafka.address], sasl: undefined, tls: undefined };
    const run = await openedTask(
      t,
      `
id: to-kafka
capture: {name: file, path: ${file}}
parsers: [sip]
processors: [{name: label, config: {site: fra1}}]
reporters: [{name: kafka}, {name: frames, as: raw, config: {topic: packets}}]
`,
      {
        defaults: {
          connection: { ...connection, properties: new Map(Object.entries(AT_ONCE)) },
          kafka: {
            ...{ topic: 'packets', topicPrefix: undefined },
            connection: { ...connection, brokers: undefined, properties: new Map() },
          },
          ...{ hep: undefined, mqtt: undefined },
        },
      },
    );
    await run.ends();
    assert.deepEqual(outs(run), { kafka: 2, raw: 2 });
    kafka.lendToPeers();
    const labels = (await readMessages(kafka.topic)).flatMap(({ headers }) =>
      headers.filter(([name]) => name === 'l.site').map(([, value]) => String(value)),
    );
    assert.deepEqual(labels, ['fra1', 'fra1']);
  });

  test('reports messages and media to a topic of each kind', async (t) => {
    const kafka = new InMemoryKafka(t);
    const topics = ['calls-sip', 'calls-rtp', 'calls-rtcp'];
    for (const topic of topics) kafka.createTopic(topic);
    const media = { from: '192.0.2.1', to: '192.0.2.2', fromPort: 4000, toPort: 5000 };
    const file = await captured(
      t,
      packetsOf([
        udpFrame(sipRequest('INVITE', 'a@b', [], description('192.0.2.2', 5000))),
        ...[1, 2, 3].map((sequence) => udpFrame(rtpPacket(sequence), media)),
        udpFrame(receiverReport(), { ...media, fromPort: 4001, toPort: 5001 }),
        udpFrame(sipRequest('BYE', 'a@b')),
      ]),
    );
    const run = await openedTask(
      t,
      `
id: calls
capture: {name: file, path: ${file}}
parsers: [sip, rtp]
reporters: [{name: kafka, config: {brokers: "${kafka.address}", topic_prefix: calls, properties: ${unordered()}}}]
`,
    );
    await run.ends();
    assert.deepEqual(outs(run), { kafka: 6 });
    kafka.lendToPeers();
    const kinds = await Promise.all(
      topics.map(async (topic) =>
        (await readMessages(topic)).map(
          ({ value }) => (JSON.parse(String(value)) as { payload_type: string }).payload_type,
        ),
      ),
    );
    assert.deepEqual(kinds, [['sip', 'sip'], ['rtp', 'rtp', 'rtp'], ['rtcp']]);
  });

  for (const reporter of [
    '{name: frames, config: {topic: packets}}',
    '{name: kafka, config: {topic: packets}}',
    '{name: kafka, config: {topic_prefix: calls}}',
  ])
    test(`does not write to the topic that it reads: ${reporter}`, async (t) => {
      const topic = reporter.includes('prefix') ? 'calls-sip' : 'packets';
      const kafka = new InMemoryKafka(t);
      kafka.createTopic('calls-sip');
      const connection = { brokers: [kafka.address], sasl: undefined, tls: undefined };
      await assert.rejects(
        openedTask(
          t,
          `
id: loop
capture: {name: topic, topic: ${topic}, config: {brokers: "${kafka.address},192.0.2.9:9092"}}
parsers: [sip]
reporters: [${reporter}]
`,
          {
            defaults: {
              connection: { ...connection, properties: new Map() },
              ...{ kafka: undefined, hep: undefined, mqtt: undefined },
            },
          },
        ),
        new RegExp(`topic ${topic} is the one that the task reads`),
      );
    });

  test('samples whole calls of messages, and single packets of packets', async (t) => {
    const calls = Array.from({ length: 400 }, (_, call) => `call-${call}@example.com`);
    const frames = calls.flatMap((call) =>
      ['INVITE', 'ACK', 'BYE'].map((method) => udpFrame(sipRequest(method, call))),
    );
    const file = await captured(t, packetsOf(frames));
    const copy = path.join(await tempFolder(t), 'sample.pcap');
    const run = await openedTask(
      t,
      `
id: sample
capture: {name: file, path: ${file}}
parsers: [sip]
processors: [{name: sample, config: {one_of: 4}}]
reporters: [{name: console, config: {format: json}}, {name: file, config: {path: ${copy}}}]
`,
    );
    await run.ends();
    const perCall = new Map<string, number>();
    for (const line of run.console.lines) {
      const { labels } = JSON.parse(line) as { labels: { 'sip.call_id': string } };
      const call = labels['sip.call_id'];
      perCall.set(call, (perCall.get(call) ?? 0) + 1);
    }
    assert.ok([...perCall.values()].every((messages) => messages === 3));
    assert.ok(perCall.size > 60 && perCall.size < 140, `${perCall.size} of 400 calls`);
    const kept = readPcap(await readFile(copy)).packets.map(({ frame }) => frame);
    assert.deepEqual(
      kept,
      frames.filter((_, index) => index % 4 === 0),
    );
  });

  test('filters packets, drops what matches, and ends at a limit', async (t) => {
    const file = await captured(t, [...numbered(3), ...numbered(30, { bytes: 200 })]);
    const run = await openedTask(
      t,
      `
id: some
capture: {name: file, path: ${file}, bpf_filter: greater 61}
processors: [{name: filter, config: {bpf: less 100, drop: true}}, {name: sample, config: {one_of: 2}}]
limits: {packets: 7}
reporters: [{name: console}]
`,
    );
    await run.ends();
    assert.deepEqual(outs(run), { console: 7 });
    assert.ok(run.stop.isEnding);
  });

  test('reads a topic from its beginning', async (t) => {
    const kafka = new InMemoryKafka(t);
    const packets = numbered(20);
    await kafka.send(batchOf(packets));
    const copy = path.join(await tempFolder(t), 'copy.pcap');
    const run = await openedTask(
      t,
      `
id: from-topic
capture:
  name: topic
  topic: packets
  config: {brokers: "${kafka.address}", offset: begin, exit: true}
reporters: [{name: file, config: {path: ${copy}}}]
`,
    );
    await run.ends();
    assert.deepEqual(readPcap(await readFile(copy)).packets, packets);
  });

  test('takes packets that others send as HEP, and puts another filter on them', async (t) => {
    const run = await openedTask(
      t,
      `
id: from-hep
capture: {name: hep, listen: "udp://127.0.0.1:${await freePort()}", bpf_filter: udp port 5060}
parsers: [sip]
reporters: [{name: console, config: {format: json}}]
`,
    );
    const [, port] = /:(\d+), reporting/.exec(run.started) ?? [];
    const sender = createSocket('udp4');
    t.after(() => sender.close());
    const ended = run.ends();
    const send = (call: string) => {
      sender.send(hepOf(sipRequest('INVITE', call)), Number(port), '127.0.0.1');
    };
    send('first');
    await waitFor(() => run.console.lines.length === 1, { limitMs: 10_000, what: 'a message' });
    await run.setFilter('udp port 5099');
    send('left out');
    await waitFor(() => summarize(run.run.account(), 0).packets_filtered === 1, {
      ...{ limitMs: 10_000, what: 'a packet to be left out' },
    });
    run.stop.request();
    await ended;
    const [line] = run.console.lines;
    const { src_ip, dst_ip, timestamp } = JSON.parse(line ?? '') as Record<string, unknown>;
    assert.deepEqual(
      { src_ip, dst_ip, timestamp, lines: run.console.lines.length },
      { src_ip: '192.0.2.1', dst_ip: '192.0.2.2', timestamp: 1_700_000_000_123, lines: 1 },
    );
  });

  test(
    'captures on an interface, with another filter from one packet to the next',
    { skip: noVeth },
    async (t) => {
      const veth = await vethPair(t);
      const copy = path.join(await tempFolder(t), 'copy.pcap');
      const run = await openedTask(
        t,
        `
id: live
capture: {name: afpacket, interface: ${veth.inside}, bpf_filter: less 80}
reporters: [{name: file, config: {path: ${copy}}}]
`,
      );
      const ended = run.ends();
      await sendFrames(veth, [numberedFrame(1, 60), numberedFrame(2, 100)]);
      await run.setFilter('greater 80');
      await sendFrames(veth, [numberedFrame(3, 60), numberedFrame(4, 100)]);
      run.stop.request();
      await ended;
      const numbers = readPcap(await readFile(copy)).packets.map(({ frame }) => numberOf(frame));
      assert.deepEqual(numbers, [1, 4]);
      await assert.rejects(run.setFilter('no filter'), /^UserError: filter 'no filter': /);
    },
  );

  test('spools frames that no broker takes', async (t) => {
    const file = await captured(t, numbered(40));
    const run = await openedTask(
      t,
      `
id: away
capture: {name: file, path: ${file}}
reporters:
  - {name: frames, fallback: spool, config: {brokers: "127.0.0.1:1", topic: packets}}
`,
    );
    const ended = run.run.run(run.stop);
    await waitFor(() => run.run.account().in.packets === 40, {
      ...{ limitMs: 10_000, what: 'packets to be read' },
    });
    run.stop.request();
    await ended;
    const { packets_in, packets_out, packets_spooled } = summarize(run.run.account(), 0);
    assert.deepEqual(
      { packets_in, packets_out, packets_spooled },
      {
        ...{ packets_in: 40, packets_out: 0, packets_spooled: 40 },
      },
    );
  });

  test('gives messages to a fallback that a collector does not take in time', async (t) => {
    const run = await openedTask(
      t,
      `
id: away
capture: {name: hep, listen: "udp://127.0.0.1:${await freePort()}"}
parsers: [sip]
reporters:
  - name: hep
    config: {servers: ["127.0.0.1:1"], protocol: tcp}
    send_timeout: 100ms
    max_retries: 0
    fallback: lines
  - {name: console, as: lines, config: {format: json}}
`,
      {},
      100,
    );
    const [, port] = /:(\d+), reporting/.exec(run.started) ?? [];
    const sender = createSocket('udp4');
    t.after(() => sender.close());
    const ended = run.ends();
    let sent = 0;
    await waitFor(
      () => {
        sender.send(hepOf(sipRequest('INVITE', `call-${sent++}`)), Number(port), '127.0.0.1');
        return run.console.lines.length >= 3;
      },
      { limitMs: 10_000, what: 'messages for the fallback' },
    );
    run.stop.request();
    await ended;
    const { hep, lines } = Object.fromEntries(run.reporters());
    const fallback = hep?.outcomes.get('fallback')?.packets;
    assert.equal(fallback, run.console.lines.length);
    assert.equal(lines?.in.packets, fallback);
    const found = summarize(run.run.account(), 0).messages_in ?? 0;
    assert.equal(hep?.in.packets, found);
    assert.equal(hep.outcomes.get('peer-away')?.packets, found - fallback);
    assert.match(run.messages().join('\n'), /hep takes nothing in time: lines gets what comes/);
  });

  test('spools messages that a collector does not take in time, and sends them in the next run', async (t) => {
    const spoolFolder = await tempFolder(t);
    const file = await captured(t, packetsOf(manyCalls(3000)));
    const collector = createServer();
    const describe = (port: number, path: string, timeout: string) => `
id: away
capture: {name: file, path: ${path}}
parsers: [sip]
reporters:
  - name: hep
    config: {servers: ["127.0.0.1:${port}"], protocol: tcp}
    send_timeout: ${timeout}
    max_retries: 0
    fallback: spool
`;
    const port = await freePort();
    const away = await openedTask(t, describe(port, file, '50ms'), { spoolFolder }, 100);
    await away.ends();
    await away.run.close();
    const counted = away.reporters().get('hep');
    const spooled = counted?.outcomes.get('spooled')?.packets ?? 0;
    const failed = counted?.outcomes.get('peer-away')?.packets ?? 0;
    assert.ok(spooled > 0);
    assert.deepEqual([counted?.in.packets, spooled + failed], [3000, 3000]);
    assert.equal(summarize(away.run.account(), 0).messages_spooled, spooled);

    // A packet may begin in one chunk and go on in the next.
    const chunks: Buffer[] = [];
    collector.on('connection', (socket) => {
      socket.on('data', (bytes) => chunks.push(bytes));
    });
    const received = () => Buffer.concat(chunks).toString('latin1').split('HEP3').length - 1;
    collector.listen(port, '127.0.0.1');
    await once(collector, 'listening');
    t.after(() => collector.close());
    const empty = await captured(t, []);
    const back = await openedTask(t, describe(port, empty, '20s'), { spoolFolder });
    await back.ends();
    await back.run.close();
    await waitFor(() => received() === spooled, { limitMs: 10_000, what: 'the spool' });
    assert.equal(back.reporters().get('hep')?.out.packets, spooled);
  });

  test('spools messages while the brokers are away, and sends them once they are back', async (t) => {
    let broker = new InMemoryBroker(0);
    t.after(() => {
      broker.close();
    });
    broker.createTopic('sip', 1);
    const { address } = broker;
    const run = await openedTask(
      t,
      `
id: outage
capture: {name: hep, listen: "udp://127.0.0.1:${await freePort()}"}
parsers: [sip]
reporters:
  - name: kafka
    config: {brokers: "${address}", topic: sip, properties: ${unordered()}}
    send_timeout: 100ms
    max_retries: 0
    fallback: spool
`,
    );
    const [, port] = /:(\d+), reporting/.exec(run.started) ?? [];
    const sender = createSocket('udp4');
    t.after(() => sender.close());
    const ended = run.ends();
    const reporter = () => run.reporters().get('kafka');
    let sent = 0;
    const sendUntil = async (what: string, condition: () => boolean) => {
      await waitFor(
        () => {
          const message = sipRequest('INVITE', `call-${sent++}`);
          sender.send(hepOf(message), Number(port), '127.0.0.1');
          return condition();
        },
        { limitMs: 20_000, what },
      );
    };
    await sendUntil('a message in the topic', () => (reporter()?.out.packets ?? 0) > 0);
    broker.close();
    await sendUntil(
      'spooled messages',
      () => (reporter()?.outcomes.get('spooled')?.packets ?? 0) > 5,
    );
    broker = new InMemoryBroker(Number(/\d+$/.exec(address)?.[0]));
    makeTopic(broker, 'sip');
    await waitFor(() => reporter()?.in.packets === sent && reporter()?.out.packets === sent, {
      ...{ limitMs: 30_000, what: 'all messages in the topic' },
    });
    run.stop.request();
    await ended;
    const { messages_in, messages_out } = summarize(run.run.account(), 0);
    assert.deepEqual({ messages_in, messages_out }, { messages_in: sent, messages_out: sent });
  });

  for (const [what, reporters, expected] of [
    ['no broker', '{name: frames, config: {topic: t}}', 'reporter frames: no broker is named'],
    [
      'a fallback that takes something else',
      '{name: frames, fallback: console, config: {topic: t}}',
      'reporter frames: its fallback console does not take packets',
    ],
    ['no collector', '{name: hep}', 'reporter hep: no collector is named'],
    [
      'a file that can not be made',
      '{name: file, config: {path: /no/such/folder/x.pcap}}',
      'write /no/such/folder/x.pcap: ENOENT: no such file or directory',
    ],
  ] as const)
    test(`says what is in the way and leaves nothing open: ${what}`, async (t) => {
      const file = await captured(t, numbered(1));
      const yaml = `
id: wrong
capture: {name: file, path: ${file}}
parsers: [sip]
reporters: [{name: console}, ${reporters}]
`;
      const before = await openFiles(file);
      await assert.rejects(openedTask(t, yaml), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.message, expected);
        return true;
      });
      assert.deepEqual(await openFiles(file), before);
    });
});

/** More than one batch of packets. */
function manyCalls(count: number): Buffer[] {
  const padding = [`X-Padding: ${'x'.repeat(1000)}`];
  return Array.from({ length: count }, (_, call) =>
    udpFrame(sipRequest('INVITE', `call-${call}`, padding)),
  );
}

/** Its first message goes at once. */
function unordered(): string {
  return JSON.stringify(AT_ONCE);
}

function labelsOf(method: string): Record<string, string> {
  return {
    'sip.method': method,
    'sip.call_id': `call of ${method}`,
    'sip.from_uri': 'sip:alice@atlanta.example.com',
    'sip.to_uri': 'sip:bob@biloxi.example.com',
    'sip.via': 'SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9',
    'sip.cseq_method': method,
  };
}

async function hepCollector(t: TestContext) {
  const socket = createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (datagram) => packets.push(datagram));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { port: socket.address().port, packets };
}

function hepOf(message: Buffer): Buffer {
  const writer = new HepWriter({ version: 3, captureId: 1 });
  const passage = passageOf('192.0.2.1', '192.0.2.2');
  const length = writer.write(passage, PayloadType.Sip, {
    bytes: message,
    start: 0,
    end: message.length,
  });
  return Buffer.from(writer.bytes.subarray(0, length));
}
