import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, test } from 'node:test';
import {
  checkConfiguration,
  isConfiguration,
} from '#kcap/agent/configuration/read-configuration.js';
import type { AgentConfiguration } from '#kcap/agent/configuration/configuration.js';
import type { Environment } from '#kcap/documents/environment.js';
import { DocumentError } from '#kcap/documents/document-error.js';
import { textDocument } from '#kcap/documents/read-document.js';
import { kafkaProperties } from '#kcap/task/description/kafka-connection.js';

async function read(
  text: string,
  environment: Environment = {},
  name = 'agent.yaml',
): Promise<AgentConfiguration> {
  return checkConfiguration(await textDocument(name, text, { environment }), { environment });
}

async function errorsOf(text: string, environment?: Environment, name?: string): Promise<string[]> {
  try {
    await read(text, environment, name);
  } catch (error) {
    assert(error instanceof DocumentError);
    return error.each.map(({ message, remedy }) => [message, remedy ?? []].flat().join('\n'));
  }
  return [];
}

describe('an agent configuration', () => {
  test('has defaults for everything', async () => {
    const configuration = await read('kcap: {}');
    assert.equal(configuration.node.hostname, hostname());
    assert.deepEqual(configuration.control, {
      ...{ socket: '/run/kcap/agent.sock', pidFile: undefined, group: undefined },
    });
    assert.equal(configuration.dataDir, '/var/lib/kcap');
    assert.deepEqual(configuration.taskPersistence, {
      ...{ enabled: true, autoRestart: true, maxTaskHistory: 100, gcIntervalMs: 3_600_000 },
    });
    assert.equal(configuration.commandChannel, undefined);
    assert.deepEqual(configuration.backpressure, {
      ...{ sendTimeoutMs: 3000, maxRetries: 1 },
      sendBuffer: { messages: 16_384, drops: 'oldest' },
    });
    assert.deepEqual(configuration.decoder, {
      tunnels: ['vxlan', 'gre', 'geneve', 'ipip'],
      reassembly: { lifeMs: 30_000, fragments: 10_000 },
    });
    assert.deepEqual(configuration.metrics, {
      ...{ enabled: true, listen: { host: '127.0.0.1', port: 9091 } },
      ...{ path: '/metrics', prefix: 'kcap' },
    });
    assert.deepEqual(configuration.log, {
      ...{ level: 'info', format: 'json', file: undefined, loki: undefined },
    });
    const { redis, sqs, kafka, s3, cloudshark, general } = configuration.triggers;
    assert.deepEqual([redis, sqs, kafka, s3, cloudshark], Array(5).fill(undefined));
    assert.deepEqual([general.maxCaptures, general.maxPackets], [10, 50_000]);
    assert(configuration.resources.maxWorkers >= 1 && configuration.resources.maxMemoryBytes > 0);
  });

  test("has the same meaning below capture-agent's keys", async () => {
    for (const root of ['kcap', 'capture-agent', 'otus'])
      assert.equal((await read(`${root}: {node: {hostname: edge-1}}`)).node.hostname, 'edge-1');
  });

  test("gives the command channel Kafka's section, and its own", async () => {
    const { commandChannel } = await read(`
kcap:
  node: {hostname: edge-1}
  kafka:
    brokers: [b1:9092, b2:9092]
    tls: {enabled: true, ca_cert: /etc/ca.pem}
    properties: {client.id: x}
  command_channel:
    enabled: true
    command_ttl: 90s
    kafka:
      topic: commands
      response_topic: ""
      sasl: {enabled: true, mechanism: SCRAM-SHA-512, username: u, password: p}
`);
    assert(commandChannel);
    assert.deepEqual(Object.fromEntries(commandChannel.properties), {
      'bootstrap.servers': 'b1:9092,b2:9092',
      'security.protocol': 'sasl_ssl',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.username': 'u',
      'sasl.password': 'p',
      'ssl.ca.location': '/etc/ca.pem',
      'client.id': 'x',
    });
    assert.deepEqual(
      [commandChannel.group, commandChannel.responseTopic, commandChannel.commandTtlMs],
      ['kcap-edge-1', undefined, 90_000],
    );
    assert(commandChannel.allow.includes('task_create'));
    assert(!commandChannel.allow.includes('daemon_shutdown'));
  });

  test('gives reporters of tasks something to begin with', async () => {
    const { reporters } = await read(`
kcap:
  kafka: {brokers: "b:9092"}
  reporters:
    kafka: {topic: sip, compression: snappy, max_message_bytes: 1048576}
    hep: {servers: ["10.0.0.1:9060", "[::1]"], capture_id: 7, auth_key: ""}
    mqtt: {url: "mqtts://b", topic: t}
`);
    assert.equal(reporters.kafka.topic, 'sip');
    assert.deepEqual(Object.fromEntries(kafkaProperties(reporters.kafka.connection)), {
      'bootstrap.servers': 'b:9092',
      'compression.type': 'snappy',
      'message.max.bytes': '1048576',
    });
    assert.deepEqual(reporters.hep.servers, [
      { host: '10.0.0.1', port: 9060 },
      { host: '::1', port: 9060 },
    ]);
    assert.equal(reporters.mqtt.url, 'mqtts://b');
  });

  test('says all that is wrong, where, and what was meant', async () => {
    assert.deepEqual(
      await errorsOf('kcap:\n  control:\n    sockt: /x\n  log:\n    level: verbose\n'),
      [
        'agent.yaml, line 3, column 5: kcap.control.sockt: no such key\n      sockt: /x\n      ^\ndid you mean socket?',
        "agent.yaml, line 5, column 12: kcap.log.level: 'verbose': no such choice\n      level: verbose\n             ^\nuse one of: debug, info, warn, error",
      ],
    );
  });

  for (const [what, text, expected] of [
    [
      'keys beside the root',
      'kcap: {}\nlog: {}\n',
      /line 2, column 1: log: it is beside kcap, not below/,
    ],
    ['no root', 'control: {}\n', /no key kcap at the root/],
    [
      'a channel without brokers',
      'kcap: {command_channel: {enabled: true, kafka: {topic: a}}}',
      /command_channel\.kafka\.brokers: it is missing/,
    ],
    [
      'a channel without a topic',
      'kcap: {kafka: {brokers: b}, command_channel: {enabled: true}}',
      /command_channel\.kafka\.topic: it is missing/,
    ],
    [
      'answers in the topic of commands',
      'kcap: {kafka: {brokers: b}, command_channel: {enabled: true, kafka: {topic: a, response_topic: a}}}',
      /it is the topic of commands/,
    ],
    [
      'a command that is none',
      'kcap: {command_channel: {allow: [task_crate]}}',
      /task_crate: no such command\n[^]*did you mean task_create\?/,
    ],
    ['a port that is none', 'kcap: {metrics: {listen: "localhost:99999"}}', /99999 is no port/],
    [
      'half of a key',
      'kcap: {triggers: {s3: {upload: true, accessid: x}}}',
      /accessid and accesskey go together/,
    ],
  ] as const)
    test(`refuses ${what}`, async () => {
      const errors = await errorsOf(text);
      assert(
        errors.some((error) => expected.test(error)),
        errors.join('\n'),
      );
    });

  test('shows no line that may hold a secret', async () => {
    const [error] = await errorsOf('kcap: {kafka: {sasl: {password: [hunter2]}}}');
    assert(error !== undefined);
    assert.doesNotMatch(error, /hunter2/);
  });

  test('listens on all addresses where there is only a port', async () => {
    const { metrics } = await read('kcap: {metrics: {listen: ":9091"}}');
    assert.deepEqual(metrics.listen, { host: '', port: 9091 });
  });
});

describe('variables that set keys', () => {
  test('win over the file', async () => {
    const configuration = await read('kcap: {control: {socket: /a}}', {
      KCAP__CONTROL__SOCKET: '/b',
      KCAP__KAFKA__BROKERS: 'b1:9092, b2:9092',
      KCAP__METRICS__ENABLED: 'false',
      KCAP__RESOURCES__MAX_WORKERS: '3',
      KCAP__TASK_PERSISTENCE__GC_INTERVAL: '30',
    });
    assert.equal(configuration.control.socket, '/b');
    assert.deepEqual(configuration.kafka.brokers, ['b1:9092', 'b2:9092']);
    assert.equal(configuration.metrics.enabled, false);
    assert.equal(configuration.resources.maxWorkers, 3);
    assert.equal(configuration.taskPersistence.gcIntervalMs, 30_000);
  });

  test('are named where they are wrong', async () => {
    assert.deepEqual(
      await errorsOf('kcap: {}', {
        KCAP__CONTROL__SOKET: '/b',
        KCAP__RESOURCES__MAX_WORKERS: 'many',
      }),
      [
        'agent.yaml: KCAP__CONTROL__SOKET in the environment: no such key\ndid you mean socket?',
        'agent.yaml: KCAP__RESOURCES__MAX_WORKERS in the environment: a text where a number should be',
      ],
    );
  });

  test('refer to numbers in the file, too', async () => {
    const text = 'kcap: {resources: {max_workers: "${WORKERS}"}}';
    assert.equal((await read(text, { WORKERS: '2' })).resources.maxWorkers, 2);
    assert.equal((await errorsOf('kcap: {resources: {max_workers: "2"}}')).length, 1);
  });
});

describe("pcapdaemon's file", () => {
  const FILE = `
[general]
maxpackets      = 50000
writelocal      = false
localdir        = "/tmp"
snaplength      = 500
[redis]
listen		= true
host        = "node.running.redis.net"
auth		= "password"
[kafka]
listen      = true
server      = ["127.0.0.1:9092", "host.example.com:9092"]
topic       = "capture"
[[interface]]
name        = "eth0"
alias       = ["main", "public"]
[syslog]
priority    = 25
tag         = "pcapdaemon"
[metrics]
enabled = false
`;

  test('is a configuration as it stands', async () => {
    const configuration = await read(
      FILE,
      { KCAP__CONTROL__SOCKET: '/b', KCAP__NODE__HOSTNAME: 'h' },
      'pcapdaemon.conf',
    );
    const { general, redis, interfaces, kafka } = configuration.triggers;
    assert.deepEqual([general.snapLength, general.localFolder], [500, undefined]);
    assert.deepEqual(redis, {
      ...{ host: 'node.running.redis.net', port: 6379, channel: 'capture' },
      ...{ username: '', password: 'password', tls: false, ca: '' },
    });
    assert.deepEqual(interfaces, [{ name: 'eth0', aliases: ['main', 'public'] }]);
    assert.equal(kafka?.group, 'kcap-capture-h');
    assert.equal(kafka.properties.get('bootstrap.servers'), '127.0.0.1:9092,host.example.com:9092');
    assert.equal(configuration.metrics.enabled, false);
    assert.equal(configuration.control.socket, '/b');
  });

  test('has its own places in errors', async () => {
    assert.deepEqual(await errorsOf('[general]\nmaxpacket = 5\n', {}, 'a.conf'), [
      'a.conf, line 2, column 1: general.maxpacket: no such key\n  maxpacket = 5\n  ^\ndid you mean maxpackets?',
    ]);
  });

  test('is told from a task', async () => {
    const isOne = async (text: string, name?: string) =>
      isConfiguration(await textDocument(name ?? 'a.yaml', text, { environment: {} }));
    assert(await isOne(FILE, 'a.conf'));
    assert(await isOne('kcap: {}'));
    assert(await isOne('otus: {}'));
    assert(!(await isOne('id: a')));
  });
});
