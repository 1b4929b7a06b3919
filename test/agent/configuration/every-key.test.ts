import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { AGENT } from '#kcap/agent/configuration/configuration.js';
import {
  checkConfiguration,
  ignoredConfigurationKeys,
} from '#kcap/agent/configuration/read-configuration.js';
import { schemaOf } from '#kcap/commands/schema.js';
import { documentOf, type Document } from '#kcap/documents/document.js';
import { ignoredTaskKeys } from '#kcap/task/description/ignored-task-keys.js';
import { TASK } from '#kcap/task/description/task.js';

import type { KeySchema } from '../../support/docs/key-tables.js';
import { repository } from '../../support/repository.js';

const CONNECTION = {
  brokers: 'b:9092',
  sasl: { enabled: true, mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' },
  tls: {
    ...{ enabled: true, ca_cert: 'a', client_cert: 'c', client_key: 'k' },
    insecure_skip_verify: true,
  },
  properties: { 'client.id': 'x' },
};
/** Of which each part differs from that. */
const ELSEWHERE = {
  brokers: 'other:1',
  sasl: { enabled: true, mechanism: 'SCRAM-SHA-512', username: 'v', password: 'q' },
  tls: {
    ...{ enabled: true, ca_cert: 'b', client_cert: 'd', client_key: 'l' },
    insecure_skip_verify: true,
  },
  properties: { 'client.id': 'y' },
};
const { brokers: server, ...elsewhere } = ELSEWHERE;
const TLS = { ca_cert: 'a', client_cert: 'c', client_key: 'k' };
const KAFKA = {
  ...CONNECTION,
  ...{ topic: 't', compression: 'lz4', max_message_bytes: 2000, max_attempts: 7 },
  ...{ serialization: 'json', batch_size: 7, batch_timeout: '7s' },
};
const HEP = {
  ...{ servers: 'h:1', capture_id: 7, auth_key: 'a', node_name: 'n', protocol: 'tls' },
  ...{ version: 2, compress: true, tls: TLS },
};
const MQTT = {
  ...{ url: 'mqtt://m', topic: 't', client: 'c', user: 'u', password: 'p', telemetry: 'x' },
  tls: TLS,
};
const PACKETS = { bpf_filter: 'udp', snap_len: 77 };
const DISPATCH = { dispatch_mode: 'dispatch', dispatch_strategy: 'round-robin' };
const ANY = { as: 'r', send_timeout: '7s', max_retries: 7, fallback: 'console' };
const EACH = { ...ANY, batch_size: 7, batch_timeout: '7s', no_batch: false };
const ONE = { id: 'a', interface: 'eth0' };
const SIP = { parsers: ['sip'] };
const CONSOLE = { name: 'console' };

const reporter = (given: object, more: object = {}) => ({
  ...{ ...ONE, ...more },
  reporters: [given, CONSOLE],
});
const capture = (given: object) => ({ id: 'a', capture: given, reporters: [CONSOLE] });
const processor = (given: object) => ({ ...ONE, ...SIP, processors: [given] });

/** Tasks that have every key, with a value that is not the usual one. */
const TASKS: readonly object[] = [
  {
    ...{ ...ONE, ...PACKETS, ...SIP, workers: 7 },
    decoder: { tunnels: 'gre', ip_reassembly: false },
    limits: { packets: 7, bytes: 7, duration: 7, idle: 7 },
    channel_capacity: { raw_stream: 7, send_buffer: 7, capture_ch: 7 },
  },
  {
    ...ONE,
    parsers: [{ name: 'sip', config: { track_media: true, max_message_size: 7 } }],
  },
  capture({
    ...{ name: 'afpacket', interface: 'eth0', ...PACKETS, ...DISPATCH },
    config: {
      ...{ buffer_mib: 7, promiscuous: false, precision: 'nano', timestamp_type: 'host' },
      ...{ capture_own_traffic: true, fanout_id: 7, fanout_type: 'cpu', ...DISPATCH },
    },
  }),
  capture({ name: 'afpacket', interface: 'eth0', config: { buffer_size_mb: 7 } }),
  capture({
    ...{ name: 'afpacket', interface: 'eth0' },
    config: { block_size: 4_000_000, num_blocks: 7 },
  }),
  capture({ name: 'file', path: 'f', ...PACKETS }),
  capture({
    ...{ name: 'topic', topic: 't', ...PACKETS },
    config: { ...CONNECTION, offset: 'begin', group: 'g', exit: true },
  }),
  capture({ name: 'hep', listen: ':1', ...PACKETS }),
  capture({ name: 'tzsp', listen: ':1', ...PACKETS }),
  processor({ name: 'filter', config: { sip: '(method invite)', drop: true } }),
  processor({ name: 'filter', config: { bpf: 'udp', drop_hep: true, drop_raw: false } }),
  processor({
    name: 'filter',
    config: { sip_deny_methods: 'BYE', sip_allow_methods: 'INVITE' },
  }),
  processor({
    name: 'filter',
    config: { rules: [{ label: 'sip.method', values: ['BYE'], action: 'drop' }] },
  }),
  processor({ name: 'label', config: { site: 'a' } }),
  processor({ name: 'sample', config: { one_of: 7 } }),
  processor({ name: 'plan', config: { file: 'f' } }),
  reporter({ name: 'kafka', config: KAFKA, ...ANY }, SIP),
  reporter({ name: 'kafka', config: { topic_prefix: 'p' }, ...EACH, no_batch: true }, SIP),
  reporter({ name: 'kafka', config: { topic: 't' }, batch_size: 7, batch_timeout: 7 }, SIP),
  reporter({
    name: 'frames',
    config: {
      ...{ ...CONNECTION, topic: 't', pack: { size: 7, time: 7 }, partition_by: 'flow' },
      ...{ timestamp: 'now', headers: { a: 'b' }, identify: true, compression: 'lz4' },
      spool_size: 7,
    },
    ...{ ...ANY, batch_size: 7, batch_timeout: 7 },
  }),
  reporter({ name: 'frames', config: { topic: 't' }, no_batch: true }),
  reporter({ name: 'hep', config: HEP, ...EACH }, SIP),
  reporter({ name: 'mqtt', config: MQTT, ...EACH }, SIP),
  reporter({
    name: 'file',
    config: {
      ...{ path: 'f', format: 'pcapng' },
      ring: { filesize_kb: 7, duration: 7, interval: 7, packets: 7, files: 7 },
    },
    ...EACH,
  }),
  reporter({
    name: 'upload',
    config: {
      s3: {
        ...{ bucket: 'bucket', folder: 'f', region: 'r', endpoint: 'e' },
        ...{ accessid: 'a', accesskey: 'k', acl: 'private', encryption: true },
      },
    },
    ...EACH,
    fallback: undefined,
  }),
  reporter({
    name: 'upload',
    config: {
      cloudshark: {
        ...{ host: 'h', scheme: 'http', port: 7, token: 't', timeout: 7, ca: 'c' },
      },
    },
  }),
  reporter({
    name: 'upload',
    config: {
      ...{ local: { dir: 'd' }, format: 'pcapng' },
      ring: { filesize_kb: 7, duration: 7, interval: 7, packets: 7 },
    },
  }),
  {
    ...{ ...ONE, ...SIP },
    reporters: [
      { name: 'console', config: { format: 'json' }, ...EACH, fallback: 'hep' },
      { name: 'hep', config: { servers: 'h:1' } },
    ],
  },
];

/** The same of configurations. */
const CONFIGURATIONS: readonly object[] = [
  {
    node: { hostname: 'n', ip: '192.0.2.7', tags: { a: 'b' }, role: 'r' },
    control: { socket: '/s', pid_file: '/p', group: 'g' },
    data_dir: '/d',
    task_persistence: {
      ...{ enabled: false, auto_restart: false, max_task_history: 7, gc_interval: 7 },
    },
    kafka: CONNECTION,
    command_channel: {
      ...{ enabled: true, type: 'kafka', command_ttl: 7, allow: ['task_list'] },
      kafka: {
        ...{ ...ELSEWHERE, topic: 't', response_topic: 'r' },
        ...{ group_id: 'g', auto_offset_reset: 'earliest' },
      },
    },
    reporters: { kafka: { ...KAFKA, ...ELSEWHERE }, hep: HEP, mqtt: MQTT },
    resources: { max_workers: 77, max_memory: 7, max_failed_files: 7, max_failed_size: 7 },
    backpressure: {
      reporter: { send_timeout: 7, max_retries: 7 },
      send_buffer: { capacity: 7, drop_policy: 'tail', high_watermark: 0.5, low_watermark: 0.5 },
      pipeline_channel: { capacity: 7, drop_policy: 'head' },
    },
    core: {
      decoder: {
        tunnel: { vxlan: false, gre: false, geneve: false, ipip: false },
        ip_reassembly: { timeout: 7, max_fragments: 7 },
      },
    },
    metrics: {
      ...{ enabled: false, listen: ':7', path: '/x', prefix: 'x', collect_interval: 7 },
    },
    log: {
      ...{ level: 'warn', format: 'text' },
      outputs: {
        file: {
          ...{ enabled: true, path: '/l' },
          rotation: { max_size_mb: 7, max_age_days: 7, max_backups: 7, compress: false },
        },
        loki: {
          ...{ enabled: true, endpoint: 'http://l/x', labels: { a: 'b' } },
          ...{ batch_size: 7, batch_timeout: 7 },
        },
      },
    },
    triggers: {
      general: {
        ...{ maxpackets: 7, maxbytes: 700, maxtimeout: 7, maxduration: 7, defaulttimeout: 7 },
        ...{ snaplength: 7, writelocal: true, localdir: '/d', packetdebug: true },
        ...{ logrequests: true, format: 'pcapng', maxcaptures: 7 },
      },
      interface: [{ name: 'eth0', alias: 'a' }],
      redis: {
        ...{ listen: true, host: 'r', port: 7, channel: 'c', auth: 'a', username: 'u' },
        ...{ tls: true, ca: 'c' },
      },
      sqs: {
        ...{ listen: true, url: 'http://q/1/q', region: 'r', accessid: 'a', accesskey: 'k' },
        ...{ endpoint: 'http://e', waitseconds: 7, chunksize: 7 },
      },
      kafka: {
        ...{ listen: true, server, topic: 't', group_id: 'g', response_topic: 'r' },
        ...elsewhere,
      },
      socket: false,
      s3: {
        ...{ upload: true, bucket: 'bucket', folder: 'f', region: 'eu-west-1', accessid: 'a' },
        ...{ accesskey: 'k', endpoint: 'http://e', acl: 'private', encryption: true },
      },
      cloudshark: {
        ...{ upload: true, host: 'h', scheme: 'http', port: 7, token: 't', timeout: 7, ca: 'c' },
      },
      syslog: { priority: 7, tag: 't' },
    },
    roles: {},
  },
  { reporters: { kafka: { topic_prefix: 'p' } } },
];

/** Other names stand for things that all have the same keys. */
const KINDS_BY_NAME = new Set([
  ...['afpacket', 'file', 'topic', 'hep', 'tzsp', 'filter', 'label', 'sample', 'plan'],
  ...['kafka', 'frames', 'mqtt', 'upload', 'console'],
]);

type Step = string | number;
type Keys = readonly Step[];

/** Every key that a schema knows, each as its names from the root on; in lists and choices, with the kind's name. */
function keysOf(schema: KeySchema, path: Keys = []): Keys[] {
  const { properties, items, oneOf, anyOf } = schema;
  if (properties) {
    const name = properties['name']?.const;
    const own = name === undefined ? path : [...path, String(name)];
    const keys = Object.entries(properties).filter(([key]) => key !== 'name' || !name);
    return keys.flatMap(([key, below]) => keysOf(below, [...own, key]));
  }
  const kinds = [...(oneOf ?? anyOf ?? []), ...(items ? [items] : [])];
  const below = kinds.flatMap((kind) => (isBranching(kind) ? keysOf(kind, path) : []));
  return below.length > 0 ? below : [path];
}

function isBranching({ properties, items, oneOf, anyOf }: KeySchema): boolean {
  return [properties, items, oneOf, anyOf].some((part) => part !== undefined);
}

/** The same of a document, with the way to each. */
function* keysIn(
  value: unknown,
  path: Keys = [],
  way: Keys = [],
): Iterable<{ path: Keys; way: Keys }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      if (typeof item === 'object') yield* keysIn(item, path, [...way, index]);
  } else if (typeof value === 'object' && value !== null) {
    const { name } = value as { readonly name?: string };
    const own = name === undefined || !KINDS_BY_NAME.has(name) ? path : [...path, name];
    for (const [key, below] of Object.entries(value)) {
      yield { path: [...own, key], way: [...way, key] };
      yield* keysIn(below, [...own, key], [...way, key]);
    }
  }
}

function without(value: unknown, [step, ...rest]: Keys): unknown {
  const copy: unknown = structuredClone(value);
  if (step === undefined) return undefined;
  const holder = copy as Record<Step, unknown>;
  if (rest.length === 0) Reflect.deleteProperty(holder, step);
  else holder[step] = without(holder[step], rest);
  return copy;
}

/** Names of all that a document comes to, but for names that its writer chooses. */
function* namesIn(value: unknown): Iterable<string> {
  if (typeof value !== 'object' || value === null || value instanceof Map) return;
  for (const [name, below] of Object.entries(value)) {
    if (!Array.isArray(value)) yield name;
    if (!['headers', 'labels', 'tags'].includes(name)) yield* namesIn(below);
  }
}

/** What only defines what may be written. */
const DEFINES = /^(task\/description|agent\/configuration)\/(?!kafka-connection)/;

/** All words in the other code. */
async function codeBeside(): Promise<Set<string>> {
  const words = new Set<string>();
  for (const file of await readdir(`${repository}src`, { recursive: true })) {
    if (!file.endsWith('.ts') || DEFINES.test(file)) continue;
    const source = await readFile(`${repository}src/${file}`, 'utf8');
    for (const [word] of source.matchAll(/\w+/g)) words.add(word);
  }
  return words;
}

interface Kind {
  readonly what: 'task' | 'configuration';
  readonly documents: readonly object[];
  readonly keys: readonly Keys[];
  /** What it comes to; undefined where it does not make sense. */
  readonly read: (value: unknown) => unknown;
  readonly ignored: (value: unknown) => readonly { readonly where: string }[];
}

const inRoot = (value: unknown): Document => documentOf('it', { kcap: value });
const KINDS: readonly Kind[] = [
  {
    ...{ what: 'task', documents: TASKS, keys: keysOf(schemaOf('task')) },
    read: (value) => TASK.safeParse(value).data,
    ignored: (value) => ignoredTaskKeys(documentOf('it', value)),
  },
  {
    ...{ what: 'configuration', documents: CONFIGURATIONS },
    keys: keysOf((schemaOf('agent') as KeySchema).properties?.['kcap'] ?? {}),
    read: (value) => AGENT.safeParse(value).data,
    ignored: (value) => ignoredConfigurationKeys(inRoot(value), { environment: {} }),
  },
];

describe('every key', () => {
  for (const { what, documents, keys, read, ignored } of KINDS) {
    test(`of a ${what} is in one of the documents below`, () => {
      const known = new Set(
        documents.flatMap((document) => [...keysIn(document)].map(({ path }) => path.join('.'))),
      );
      const missing = keys.map((key) => key.join('.')).filter((key) => !known.has(key));
      assert.deepEqual(missing, [], 'write each of these into one of the documents of this file');
    });

    test(`of a ${what} changes what it comes to, or is named as one without effect`, () => {
      const idle = new Set<string>();
      const busy = new Set<string>();
      for (const document of documents) {
        const whole = read(document);
        assert.ok(whole, JSON.stringify(document));
        for (const { path, way } of keysIn(document)) {
          const key = path.join('.');
          const rest = without(document, way);
          const part = read(rest);
          const changes =
            !isDeepStrictEqual(part, whole) ||
            (part !== undefined && ignored(rest).length < ignored(document).length);
          (changes ? busy : idle).add(key);
        }
      }
      // Choices with one value, what says that a section begins, and what is refused.
      const constant =
        /^command_channel\.type$|\.serialization$|^reporters\.(kafka\.(sasl|tls)\.enabled|upload\.fallback)$/;
      assert.deepEqual(
        [...idle].filter((key) => !busy.has(key) && !constant.test(key)),
        [],
      );
    });

    test(`of a ${what} comes to something that other code looks at`, async () => {
      const code = await codeBeside();
      const names = new Set(documents.flatMap((document) => [...namesIn(read(document))]));
      assert.deepEqual(
        [...names].filter((name) => !code.has(name)),
        [],
      );
    });
  }

  test('without effect is named with its place, but not where it says what is so anyway', () => {
    const document = documentOf('task', {
      ...ONE,
      capture: {
        ...DISPATCH,
        name: 'afpacket',
        interface: 'eth0',
        config: { fanout_type: 'hash' },
      },
      interface: undefined,
      parsers: [{ name: 'sip', config: { track_media: true } }],
      reporters: [{ name: 'hep', config: { servers: 'h:1' }, batch_size: 7, max_retries: 2 }],
      channel_capacity: { raw_stream: 5, send_buffer: 5 },
    });
    assert.deepEqual(
      ignoredTaskKeys(document).map(({ where }) => where.replace('task: ', '')),
      [
        ...['capture.dispatch_mode', 'capture.dispatch_strategy'],
        ...['parsers[0].config.track_media', 'reporters[0].batch_size'],
        ...['channel_capacity.raw_stream', 'reporters[0].max_retries'],
      ],
    );
  });

  test('that would only make sense beside others is named, too', () => {
    const document = documentOf('task', {
      ...{ ...capture({ name: 'file', path: 'f' }), workers: 2 },
      decoder: { ip_reassembly: false },
      reporters: [{ name: 'frames', config: { topic: 't', spool_size: '1G' }, send_timeout: 3 }],
    });
    assert.deepEqual(
      ignoredTaskKeys(document).map(({ where }) => where.replace('task: ', '')),
      ['workers', 'decoder', 'reporters[0].send_timeout', 'reporters[0].config.spool_size'],
    );
  });

  test('of a configuration that has all of them is taken', () => {
    for (const configuration of CONFIGURATIONS)
      checkConfiguration(inRoot(configuration), { environment: {} });
  });
});
