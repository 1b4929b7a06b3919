import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentOf } from '#kcap/documents/document.js';
import { DocumentError } from '#kcap/documents/document-error.js';
import { textDocument } from '#kcap/documents/read-document.js';
import { kafkaProperties } from '#kcap/task/description/kafka-connection.js';
import { checkTask } from '#kcap/task/description/read-task.js';
import type { TaskDescription } from '#kcap/task/description/task.js';

async function read(text: string): Promise<TaskDescription> {
  return checkTask(await textDocument('task.yaml', text, { environment: {} }));
}

/** The errors of a text, each as it is shown. */
async function errorsOf(text: string): Promise<string[]> {
  try {
    await read(text);
  } catch (error) {
    assert(error instanceof DocumentError);
    assert.equal(error.exitStatus, 2);
    return error.each.map(({ message, remedy }) =>
      remedy === undefined ? message : `${message}\n${remedy}`,
    );
  }
  return [];
}

test('takes the long form with everything in it', async () => {
  const task = await read(`
id: sip-edge
workers: 1
capture:
  name: afpacket
  interface: eth0
  bpf_filter: udp port 5060
  snap_len: 65535
  config: {buffer_mib: 64, promiscuous: false, precision: nano}
decoder: {tunnels: [vxlan, gre], ip_reassembly: true}
parsers: [{name: sip}, {name: rtp}]
processors:
  - {name: filter, config: {sip: '(method invite bye)'}}
  - {name: filter, config: {bpf: host 192.0.2.1, drop: true}}
  - {name: label, config: {site: fra1, rack: 7}}
  - {name: sample, config: {one_of: 10}}
limits: {packets: 5, bytes: 1M, duration: 90s, idle: 1m}
reporters:
  - {name: kafka, config: {topic: sip, compression: snappy}, batch_size: 100, batch_timeout: 50ms, fallback: spool}
  - {name: frames, config: {topic: pcap, pack: true}}
  - {name: hep, config: {servers: ["10.0.0.1:9060"], capture_id: 2001, auth_key: "", node_name: "", protocol: udp}}
  - {name: mqtt, config: {url: "mqtts://broker", topic: sip/fra1}, fallback: kafka}
  - {name: file, config: {path: /var/cap/edge.pcapng, ring: {filesize_kb: 100000, files: 10}}}
  - {name: upload, config: {local: {dir: /srv/pcap}}}
  - {name: console, config: {format: text}}
channel_capacity: {raw_stream: 1000, send_buffer: 10000, capture_ch: 1000}
`);
  assert.deepEqual(task.capture, {
    ...{ name: 'afpacket', interfaces: ['eth0'], bpfFilter: 'udp port 5060', snapLength: 65_535 },
    ...{ bufferMiB: 64, promiscuous: false, precision: 'nano' },
    ...{ timestampType: undefined, captureOwnTraffic: false },
  });
  assert.deepEqual(task.decoder, { tunnels: ['vxlan', 'gre'], reassembles: true });
  assert.deepEqual(task.parsers, [{ name: 'sip' }, { name: 'rtp' }]);
  assert.deepEqual(task.processors, [
    { name: 'filter', sip: ['(method invite bye)'], drop: false },
    { name: 'filter', bpf: 'host 192.0.2.1', drop: true },
    { name: 'label', labels: { site: 'fra1', rack: '7' } },
    { name: 'sample', oneOf: 10 },
  ]);
  assert.deepEqual(task.limits, {
    ...{ packets: 5, bytes: 1024 * 1024, durationMs: 90_000, idleMs: 60_000 },
  });
  assert.deepEqual(
    task.reporters.map(({ id, batchSize, batchTimeoutMs, fallback }) => ({
      ...{ id, batchSize, batchTimeoutMs, fallback },
    })),
    [
      { id: 'kafka', batchSize: 100, batchTimeoutMs: 50, fallback: 'spool' },
      ...['frames', 'hep'].map((id) => reporting({ id })),
      reporting({ id: 'mqtt', fallback: 'kafka' }),
      ...['file', 'upload', 'console'].map((id) => reporting({ id })),
    ],
  );
  const [kafka, frames, hep, mqtt, file, upload, console] = task.reporters;
  assert(kafka?.name === 'kafka' && frames?.name === 'frames' && hep?.name === 'hep');
  assert.equal(kafka.topic, 'sip');
  assert.deepEqual([...kafka.connection.properties], [['compression.type', 'snappy']]);
  assert.deepEqual(frames.pack, { bytes: undefined, ms: undefined });
  assert.deepEqual(hep.servers, [{ host: '10.0.0.1', port: 9060 }]);
  assert.deepEqual([hep.captureId, hep.password, hep.transport], [2001, undefined, 'udp']);
  assert(mqtt?.name === 'mqtt' && file?.name === 'file' && upload?.name === 'upload');
  assert.equal(mqtt.url, 'mqtts://broker');
  assert.deepEqual(file.ring, { fileBytes: 100_000_000, files: 10 });
  assert.equal(file.format, 'pcapng');
  assert.deepEqual(upload.target, { kind: 'local', directory: '/srv/pcap' });
  assert(console?.name === 'console');
  assert.equal(console.format, 'text');
  assert.deepEqual(task.channelCapacity, { sendBuffer: 10_000 });
});

function reporting(given: { readonly id: string; readonly fallback?: string }) {
  return { batchSize: undefined, batchTimeoutMs: undefined, fallback: undefined, ...given };
}

test("takes the seed's short form", async () => {
  const task = await read(`id: sip-capture
interface: eth0
parsers:
  - sip
bpf_filter: "udp port 5060"
`);
  assert(task.capture.name === 'afpacket');
  assert.deepEqual(task.capture.interfaces, ['eth0']);
  assert.equal(task.capture.bpfFilter, 'udp port 5060');
  assert.deepEqual(task.parsers, [{ name: 'sip' }]);
  assert.deepEqual(task.reporters, []);
  assert.equal(task.workers, 1);
});

test('takes every kind of capture', async () => {
  const captureOf = async (capture: string) =>
    (await read(`{id: a, capture: ${capture}, reporters: [{name: console}]}`)).capture;
  assert.deepEqual(await captureOf('{name: file, path: a.pcap}'), {
    ...{ name: 'file', paths: ['a.pcap'], bpfFilter: '', snapLength: undefined },
  });
  const topic = await captureOf('{name: topic, topic: pcap, config: {offset: begin, exit: true}}');
  assert(topic.name === 'topic');
  assert.deepEqual([topic.start, topic.endsAtWatermarks], [{ kind: 'begin' }, true]);
  for (const name of ['hep', 'tzsp'])
    assert.deepEqual(await captureOf(`{name: ${name}, listen: "udp://0.0.0.0:37008"}`), {
      name,
      listen: { transport: 'udp', host: '0.0.0.0', port: 37_008 },
      ...{ bpfFilter: '', snapLength: undefined },
    });
  const several = await captureOf('{name: afpacket, interface: [eth0, eth1]}');
  assert(several.name === 'afpacket');
  assert.deepEqual(several.interfaces, ['eth0', 'eth1']);
});

test("takes capture-agent's own keys", async () => {
  const task = await read(`
id: fs
capture:
  name: afpacket
  interface: eth0
  dispatch_mode: binding
  dispatch_strategy: flow-hash
  snap_len: 65536
  config: {block_size: 4194304, num_blocks: 128, fanout_id: 1, fanout_type: hash}
decoder: {tunnels: [], ip_reassembly: false}
parsers: [{name: sip, config: {max_message_size: 65536}}, {name: rtp, config: {}}]
processors:
  - name: filter
    config: {drop_hep: true, drop_raw: false, sip_deny_methods: [OPTIONS, NOTIFY], sip_allow_methods: INVITE}
  - {name: label, config: {labels: {node: edge-1}}}
reporters:
  - {name: kafka, config: {brokers: ["kafka:9092"], topic: voip, max_attempts: 3, serialization: json, batch_size: 500, batch_timeout: 100ms}, fallback: ""}
`);
  assert(task.capture.name === 'afpacket');
  assert.equal(task.capture.bufferMiB, 512);
  assert.deepEqual(task.processors, [
    { name: 'filter', bpf: 'udp[8:4] = 0x48455033', drop: true },
    { name: 'filter', sip: ['(method OPTIONS NOTIFY)'], drop: true },
    { name: 'filter', sip: ['(method INVITE)'], drop: false },
    { name: 'label', labels: { node: 'edge-1' } },
  ]);
  const [kafka] = task.reporters;
  assert(kafka?.name === 'kafka');
  assert.deepEqual([kafka.batchSize, kafka.batchTimeoutMs, kafka.fallback], [500, 100, undefined]);
  assert.deepEqual(Object.fromEntries(kafkaProperties(kafka.connection)), {
    'bootstrap.servers': 'kafka:9092',
    'message.send.max.retries': '3',
  });
});

test('reads durations and sizes', async () => {
  const limitsOf = async (limits: string) =>
    (await read(`{id: a, interface: lo, limits: ${limits}}`)).limits;
  for (const [text, ms] of [
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['2.5', 2500],
    ['7', 7000],
  ] as const)
    assert.equal((await limitsOf(`{duration: ${text}}`)).durationMs, ms, text);
  for (const [text, bytes] of [
    ['1000', 1000],
    ['64K', 65_536],
    ['2MiB', 2 * 1024 * 1024],
  ] as const)
    assert.equal((await limitsOf(`{bytes: ${text}}`)).bytes, bytes, text);
});

test('says line, column and what was meant for an unknown key', async () => {
  assert.deepEqual(
    await errorsOf(
      'id: a\ncapture:\n  name: afpacket\n  interfaces: eth0\nreporters: [{name: console}]\n',
    ),
    [
      'task.yaml, line 2, column 1: capture.interface: it is missing\n  capture:\n  ^\ngive a list or a text',
      'task.yaml, line 4, column 3: capture.interfaces: no such key\n    interfaces: eth0\n    ^\ndid you mean interface?',
    ],
  );
});

for (const [what, text, error] of [
  [
    'an id that is none',
    '{id: a b, interface: lo}',
    /line 1, column 6: id: it does not name a task\n.*\n.*\nuse 1 to 64/,
  ],
  ['dots as an id', '{id: .., interface: lo}', /id: it does not name a task/],
  ['no capture', 'id: a', /capture: it is missing\n[^]*or interface: NAME in the short form/],
  [
    'no reporter in the long form',
    '{id: a, capture: {name: file, path: x}}',
    /reporters: there is none/,
  ],
  [
    'a parser that is none',
    '{id: a, interface: lo, parsers: [sipp]}',
    /parsers\[0\]: 'sipp': no such choice\n[^]*did you mean sip\?/,
  ],
  [
    'a reporter that is none',
    '{id: a, interface: lo, reporters: [{name: kafak}]}',
    /reporters\[0\].name: 'kafak': no such choice\n[^]*did you mean kafka\?/,
  ],
  [
    'a list where a mapping should be',
    '{id: a, capture: []}',
    /capture: a list where a mapping should be/,
  ],
  [
    'messages without a parser',
    '{id: a, interface: lo, reporters: [{name: hep}]}',
    /hep reports messages, and no parser finds any\n[^]*add parsers: \[sip\]/,
  ],
  [
    'a SIP filter without a parser',
    '{id: a, interface: lo, processors: [{name: filter, config: {sip: request}}]}',
    /processors: a filter on SIP, and no parser finds any/,
  ],
  [
    'a SIP filter that is wrong',
    "{id: a, interface: lo, parsers: [sip], processors: [{name: filter, config: {sip: '(methd invite)'}}]}",
    /processors\[0\]\.config\.sip: line 1, column 2 of the filter/,
  ],
  [
    'a filter without a condition',
    '{id: a, interface: lo, processors: [{name: filter, config: {drop: true}}]}',
    /nothing says what matches/,
  ],
  [
    'a capture plan without a parser',
    '{id: a, interface: lo, processors: [{name: plan, config: {file: x.cfg}}]}',
    /processors: a plan for SIP, and no parser finds any/,
  ],
  [
    'two reporters of one name',
    '{id: a, interface: lo, reporters: [{name: console}, {name: console}]}',
    /reporters\[1\]: console: given twice/,
  ],
  [
    'a fallback that is no reporter',
    '{id: a, interface: lo, reporters: [{name: console, fallback: kafak}]}',
    /fallback: no reporter is called kafak\n[^]*use one of: spool/,
  ],
  [
    'a fallback to itself',
    '{id: a, interface: lo, reporters: [{name: console, fallback: console}]}',
    /it is the reporter itself/,
  ],
  [
    'fallbacks in a circle',
    '{id: a, interface: lo, reporters: [{name: console, fallback: b}, {name: console, as: b, fallback: console}]}',
    /it leads back to console/,
  ],
  [
    'both topic and prefix',
    '{id: a, interface: lo, parsers: [sip], reporters: [{name: kafka, config: {topic: a, topic_prefix: b}}]}',
    /both topic and topic_prefix/,
  ],
  [
    'a property that librdkafka does not know',
    '{id: a, interface: lo, parsers: [sip], reporters: [{name: kafka, config: {topic: a, properties: {liger.ms: 5}}}]}',
    /properties\."liger\.ms": librdkafka has no such property\n[^]*linger\.ms/,
  ],
  [
    'a broker that is none',
    '{id: a, interface: lo, parsers: [sip], reporters: [{name: kafka, config: {topic: a, brokers: "http://b:9092"}}]}',
    /brokers: .*a broker's address has no scheme/,
  ],
  [
    'a duration that is none',
    '{id: a, interface: lo, limits: {duration: 5 parsecs}}',
    /5 parsecs is not a duration\n[^]*500ms/,
  ],
  [
    'keys of the short form beside capture',
    '{id: a, interface: lo, capture: {name: file, path: x}, reporters: [{name: console}]}',
    /interface: it belongs below capture/,
  ],
  ["an agent's configuration", '{kcap: {}}', /kcap: the configuration of an agent, not a task/],
  ['an interface twice', '{id: a, interface: [lo, lo]}', /lo: given twice/],
  [
    'no upload target',
    '{id: a, interface: lo, reporters: [{name: upload, config: {}}]}',
    /no place to upload to/,
  ],
] as const)
  test(`refuses ${what}`, async () => {
    const errors = await errorsOf(text);
    assert(
      errors.some((message) => error.test(message)),
      errors.join('\n'),
    );
  });

test('finds the faults of a value that has no text', async () => {
  await assert.rejects(
    checkTask(documentOf('config', { id: 'a', interface: 'lo', reporters: [{ name: 'foo' }] })),
    /^DocumentError: config: reporters\[0\]\.name: 'foo': no such choice$/,
  );
});

test('allows several reporters of a name under names of their own', async () => {
  const task = await read(
    '{id: a, interface: lo, reporters: [{name: frames, config: {topic: a}}, {name: frames, as: copy, config: {topic: b}}]}',
  );
  assert.deepEqual(
    task.reporters.map(({ id }) => id),
    ['frames', 'copy'],
  );
});
