import { z } from 'zod';
import {
  BYTES,
  COUNT,
  DURATION_MS,
  LIST,
  NAME,
  OPTIONAL_TEXT,
  SCALARS,
  section,
  withoutEffect,
} from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { readHostPort, type HostPort } from '../../net/host-port.js';
import type { RingConditions } from '../../sinks/file-ring.js';
import { KAFKA_SHAPE, TLS_SHAPE, type KafkaConnection } from './kafka-connection.js';
import { TOPIC_NAME } from './topic-name.js';

const HEP_PORT = 9060;

/** What every reporter has; undefined where neither the task nor its `config` says so. */
export interface Reporting {
  /** What the task calls it: `as`, or else `name`. One of its kind in the task. */
  readonly id: string;
  /** Records in one request at most. */
  readonly batchSize: number | undefined;
  /** How long a record waits for others. */
  readonly batchTimeoutMs: number | undefined;
  /** How long sending may take, and how often it is tried again, before `fallback` gets what is to be sent. */
  readonly sendTimeoutMs: number | undefined;
  readonly maxRetries: number | undefined;
  /** The id of another reporter of the task, or `spool`. */
  readonly fallback: string | undefined;
}

/** Messages as records of a topic. */
export interface KafkaReporter extends Reporting {
  readonly name: 'kafka';
  /** At most one of the two; none where the agent's has it. */
  readonly topic: string | undefined;
  readonly topicPrefix: string | undefined;
  readonly connection: KafkaConnection;
}

/** Packets, as kcap --producer sends them. */
export interface FramesReporter extends Reporting {
  readonly name: 'frames';
  readonly topic: string;
  readonly connection: KafkaConnection;
  /** Undefined: a message a packet. */
  readonly pack:
    { readonly bytes: number | undefined; readonly ms: number | undefined } | undefined;
  readonly partitionBy: 'time' | 'flow';
  /** Undefined: the packet's, but of files now. */
  readonly timestamp: 'packet' | 'now' | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly identify: boolean;
  /** Undefined: 1 GiB. */
  readonly spoolBytes: number | undefined;
}

export interface TlsFilesOf {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Messages as HEP. What is undefined is as the agent's configuration has it. */
export interface HepReporter extends Reporting {
  readonly name: 'hep';
  readonly servers: readonly HostPort[] | undefined;
  readonly transport: 'udp' | 'tcp' | 'tls' | undefined;
  readonly captureId: number | undefined;
  readonly password: string | undefined;
  readonly nodeName: string | undefined;
  readonly version: 2 | 3 | undefined;
  readonly compresses: boolean | undefined;
  readonly tls: TlsFilesOf;
}

/** Messages in MQTT's envelope. What is undefined is as the agent's configuration has it. */
export interface MqttReporter extends Reporting {
  readonly name: 'mqtt';
  /** mqtt, mqtts, ws or wss. */
  readonly url: string | undefined;
  readonly topic: string | undefined;
  readonly clientId: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Topic for the counters. */
  readonly telemetryTopic: string | undefined;
  readonly tls: TlsFilesOf;
}

/** Packets as a capture file, or a ring of them. */
export interface FileReporter extends Reporting {
  readonly name: 'file';
  readonly path: string;
  readonly format: 'pcap' | 'nsecpcap' | 'pcapng';
  readonly ring: RingConditions | undefined;
}

export type UploadTarget =
  | {
      readonly kind: 's3';
      readonly accessId: string | undefined;
      readonly accessKey: string | undefined;
      readonly endpoint: string | undefined;
      readonly region: string | undefined;
      readonly bucket: string | undefined;
      readonly folder: string | undefined;
      readonly acl: string | undefined;
      readonly encryption: boolean | undefined;
    }
  | {
      readonly kind: 'cloudshark';
      readonly host: string | undefined;
      readonly scheme: 'http' | 'https' | undefined;
      readonly port: number | undefined;
      readonly token: string | undefined;
      readonly timeoutMs: number | undefined;
      readonly ca: string | undefined;
    }
  | { readonly kind: 'local'; readonly directory: string | undefined };

/** Packets as capture files that go elsewhere once they are finished. */
export interface UploadReporter extends Reporting {
  readonly name: 'upload';
  readonly target: UploadTarget;
  readonly format: 'pcap' | 'nsecpcap' | 'pcapng';
  /** When another file begins; its `fileBytes` bounds the memory that an upload takes. */
  readonly conditions: RingConditions & { readonly fileBytes: number };
}

/** Lines on standard output: of messages where the task has parsers, else of packets. */
export interface ConsoleReporter extends Reporting {
  readonly name: 'console';
  readonly format: 'text' | 'json';
}

export type ReporterDescription =
  | KafkaReporter
  | FramesReporter
  | HepReporter
  | MqttReporter
  | FileReporter
  | UploadReporter
  | ConsoleReporter;

const BATCH = {
  batch_size: z.int().min(0).max(1_000_000).optional().describe('records in a request at most'),
  batch_timeout: DURATION_MS.optional().describe('how long a record waits for others'),
};
const SENDING = {
  send_timeout: DURATION_MS.optional().describe('how long sending may take (3s)'),
  max_retries: COUNT.max(1000).optional().describe('how often it is tried again (1)'),
};

const NAMING = {
  as: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'not letters, digits, dots, hyphens and underscores')
    .optional()
    .describe('what it is called, where a task has several of one name'),
};
const PATIENCE = {
  ...SENDING,
  fallback: OPTIONAL_TEXT.describe(
    'another reporter, which gets nothing else, or spool: for what this one cannot send in time',
  ),
};

/** The keys of every reporter to Kafka beside `name` and `config`. */
const OF_KAFKA = {
  ...{ ...NAMING, ...BATCH },
  no_batch: z.boolean().optional().describe("capture-agent's: as batch_size: 1"),
  ...PATIENCE,
};

const ONE_BY_ONE = 'only Kafka takes batches';
/** Of the other reporters. */
const OF_OTHERS = {
  ...NAMING,
  batch_size: withoutEffect(BATCH.batch_size, ONE_BY_ONE),
  batch_timeout: withoutEffect(BATCH.batch_timeout, ONE_BY_ONE),
  no_batch: withoutEffect(z.boolean(), ONE_BY_ONE, true),
  ...PATIENCE,
};

type Common = z.output<ReturnType<typeof section<typeof OF_KAFKA>>>;
type Batch = Pick<Common, keyof typeof BATCH>;

function reporting(name: string, given: Common, config: Partial<Batch> = {}): Reporting {
  return {
    id: given.as ?? name,
    // capture-agent has 0 for the default.
    batchSize: given.no_batch === true ? 1 : given.batch_size || config.batch_size || undefined,
    batchTimeoutMs: given.batch_timeout ?? config.batch_timeout,
    ...{ sendTimeoutMs: given.send_timeout, maxRetries: given.max_retries },
    fallback: given.fallback,
  };
}

const COMPRESSION = z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']);

/** The keys of Kafka's reporters, in a task and in the agent's configuration. */
export const KAFKA_REPORTER_SHAPE = {
  ...KAFKA_SHAPE,
  topic: TOPIC_NAME.describe('where records go'),
  topic_prefix: OPTIONAL_TEXT.describe(
    'instead of topic: records go to PREFIX-sip, PREFIX-rtp ...',
  ),
  compression: COMPRESSION.optional().describe('none, gzip, snappy, lz4 or zstd'),
  max_message_bytes: z.int().min(1000).optional().describe('largest message'),
  max_attempts: COUNT.max(1000)
    .optional()
    .describe('how often a message is sent before it counts as failed'),
  serialization: z.literal('json').optional().describe('form of records; json is the only one'),
  ...BATCH,
};

type KafkaConfig = z.output<ReturnType<typeof section<typeof KAFKA_REPORTER_SHAPE>>>;

/** A connection of a reporter: what its own keys say is said in librdkafka's properties. */
export function reporterConnection(config: KafkaConfig): KafkaConnection {
  const own: [string, string | number | undefined][] = [
    ['compression.type', config.compression],
    ['message.max.bytes', config.max_message_bytes],
    ['message.send.max.retries', config.max_attempts],
  ];
  return {
    ...{ brokers: config.brokers, sasl: config.sasl, tls: config.tls },
    properties: new Map([
      ...own.flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as const],
      ),
      ...config.properties,
    ]),
  };
}

const KAFKA = section({
  name: z.literal('kafka').describe('messages as JSON records of a topic'),
  config: section(KAFKA_REPORTER_SHAPE)
    .superRefine(onlyOneTopic)
    .prefault({})
    .describe("what is left out is as the agent's reporters.kafka has it"),
  ...OF_KAFKA,
}).transform(({ name, config, ...common }): KafkaReporter => ({
  ...{ name, ...reporting(name, common, config) },
  ...{ topic: config.topic, topicPrefix: config.topic_prefix },
  connection: reporterConnection(config),
}));

/** A reporter has one of the two, or what the agent's configuration has. */
export function onlyOneTopic(
  config: { readonly topic?: string | undefined; readonly topic_prefix?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (config.topic !== undefined && config.topic_prefix !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['topic_prefix'],
      message: 'both topic and topic_prefix\ngive only one of the two',
    });
}

const PACK = z
  .union([
    z.boolean(),
    section({
      size: BYTES.optional().describe('longest message (64K)'),
      time: DURATION_MS.optional().describe('how long the first packet waits for others (50ms)'),
    }),
  ])
  .transform((given): FramesReporter['pack'] => {
    if (typeof given === 'boolean') return given ? { bytes: undefined, ms: undefined } : undefined;
    return { bytes: given.size, ms: given.time };
  });

const FRAMES = section({
  name: z.literal('frames').describe('packets, as kcap --producer sends them'),
  config: section({
    ...KAFKA_SHAPE,
    topic: TOPIC_NAME.pipe(z.string()).describe('where packets go'),
    pack: PACK.optional().describe('many packets per message; true, or {size, time}'),
    partition_by: z
      .enum(['time', 'flow'])
      .default('time')
      .describe('time: partitions take turns; flow: a conversation stays in one'),
    timestamp: z
      .enum(['packet', 'now'])
      .optional()
      .describe("messages' timestamps (packet; of files now)"),
    headers: SCALARS.prefault({}).describe('headers of every message'),
    identify: z
      .boolean()
      .default(false)
      .describe('add headers that name the host and the interface'),
    compression: COMPRESSION.optional().describe('none, gzip, snappy, lz4 or zstd'),
    spool_size: BYTES.optional().describe('largest size of the spool (1G)'),
  }).describe('the topic, and how it is written to'),
  ...OF_KAFKA,
}).transform(({ name, config, ...common }): FramesReporter => ({
  ...{ name, ...reporting(name, common), topic: config.topic },
  connection: {
    ...{ brokers: config.brokers, sasl: config.sasl, tls: config.tls },
    properties: new Map([
      ...(config.compression === undefined
        ? []
        : [['compression.type', config.compression] as const]),
      ...config.properties,
    ]),
  },
  ...{ pack: config.pack, partitionBy: config.partition_by, timestamp: config.timestamp },
  ...{ headers: config.headers, identify: config.identify, spoolBytes: config.spool_size },
}));

const SERVERS = LIST.transform((given, context): HostPort[] =>
  given.flatMap((text, index) => {
    const found = readHostPort(text, HEP_PORT);
    if (!('problem' in found)) return [found];
    context.addIssue({
      ...{ code: 'custom', path: [index] },
      message: withRemedy(found.problem, found.remedy),
    });
    return [];
  }),
).transform((servers) => (servers.length > 0 ? servers : undefined));

const TLS_FILES = section(TLS_SHAPE).superRefine((tls, context) => {
  if ((tls.client_cert === undefined) !== (tls.client_key === undefined))
    context.addIssue('a certificate and its key go together\ngive client_cert and client_key');
});

function filesOf(tls: z.output<typeof TLS_FILES> | undefined): TlsFilesOf {
  return { ca: tls?.ca_cert, cert: tls?.client_cert, key: tls?.client_key };
}

/** The keys of HEP's reporters, in a task and in the agent's configuration. */
export const HEP_REPORTER_SHAPE = {
  servers: SERVERS.optional().describe('collectors, HOST:PORT each; a flow stays with one of them'),
  capture_id: z.int().min(0).max(0xffff_ffff).optional().describe('who captures (0)'),
  auth_key: OPTIONAL_TEXT.describe('password'),
  node_name: OPTIONAL_TEXT.describe('name of the node'),
  protocol: z.enum(['udp', 'tcp', 'tls']).optional().describe('udp (default), tcp or tls'),
  version: z
    .union([z.literal(2), z.literal(3)])
    .optional()
    .describe('of HEP: 2 or 3 (default)'),
  compress: z.boolean().optional().describe('compress payloads (false)'),
  tls: TLS_FILES.optional().describe('files for protocol tls'),
};

/** What a task's reporter or the agent's configuration says of HEP. */
export function hepSettings(
  config: z.output<ReturnType<typeof section<typeof HEP_REPORTER_SHAPE>>>,
): Omit<HepReporter, 'name' | keyof Reporting> {
  return {
    ...{ servers: config.servers, transport: config.protocol, captureId: config.capture_id },
    ...{ password: config.auth_key, nodeName: config.node_name },
    ...{ version: config.version, compresses: config.compress, tls: filesOf(config.tls) },
  };
}

const HEP = section({
  name: z.literal('hep').describe('messages as HEP, for HOMER'),
  config: section(HEP_REPORTER_SHAPE)
    .prefault({})
    .describe("what is left out is as the agent's reporters.hep has it"),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }): HepReporter => ({
  ...{ name, ...reporting(name, common) },
  ...hepSettings(config),
}));

const MQTT_URL = z.string().superRefine((text, context) => {
  if (text === '') return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol) && url.hostname !== '')
    return;
  context.addIssue('not an address of a broker\nfor example mqtts://broker:8883');
});

/** The keys of MQTT's reporters, in a task and in the agent's configuration. */
export const MQTT_REPORTER_SHAPE = {
  url: MQTT_URL.transform((url) => (url === '' ? undefined : url))
    .optional()
    .describe('the broker: mqtt://, mqtts://, ws:// or wss://'),
  topic: OPTIONAL_TEXT.superRefine((topic, context) => {
    if (topic !== undefined && /[+#]/.test(topic))
      context.addIssue('wildcards are for subscribers\nname one topic');
  }).describe('where messages go'),
  client: OPTIONAL_TEXT.describe("the client's id"),
  user: OPTIONAL_TEXT.describe('user'),
  password: OPTIONAL_TEXT.describe('password'),
  telemetry: OPTIONAL_TEXT.describe('topic for the counters, every 30 s'),
  tls: TLS_FILES.optional().describe('files for mqtts and wss'),
};

/** What a task's reporter or the agent's configuration says of MQTT. */
export function mqttSettings(
  config: z.output<ReturnType<typeof section<typeof MQTT_REPORTER_SHAPE>>>,
): Omit<MqttReporter, 'name' | keyof Reporting> {
  return {
    ...{ url: config.url, topic: config.topic, clientId: config.client },
    ...{ username: config.user, password: config.password },
    ...{ telemetryTopic: config.telemetry, tls: filesOf(config.tls) },
  };
}

const MQTT = section({
  name: z.literal('mqtt').describe('messages over MQTT'),
  config: section(MQTT_REPORTER_SHAPE)
    .prefault({})
    .describe("what is left out is as the agent's reporters.mqtt has it"),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }): MqttReporter => ({
  ...{ name, ...reporting(name, common) },
  ...mqttSettings(config),
}));

/** Of a file that is uploaded, where nothing else is said. */
const UPLOAD_KB = 50_000;

const POSITIVE = z.int().min(1).max(1e12);

const FORMAT = z.enum(['pcap', 'nsecpcap', 'pcapng']);
const SWITCHES = {
  filesize_kb: POSITIVE.optional().describe('a file ends at this many kB (1000 bytes)'),
  duration: DURATION_MS.optional().describe('or after this time'),
  interval: DURATION_MS.optional().describe('or at multiples of this time'),
  packets: POSITIVE.optional().describe('or with this many packets'),
};

function conditionsOf(ring: z.output<ReturnType<typeof section<typeof SWITCHES>>>): RingConditions {
  return {
    ...(ring.duration !== undefined && { durationMs: ring.duration }),
    ...(ring.interval !== undefined && { intervalMs: ring.interval }),
    ...(ring.filesize_kb !== undefined && { fileBytes: ring.filesize_kb * 1000 }),
    ...(ring.packets !== undefined && { packets: ring.packets }),
  };
}

const RING = section({
  ...SWITCHES,
  files: POSITIVE.optional().describe('how many files are kept'),
}).transform((ring, context): RingConditions => {
  const conditions = conditionsOf(ring);
  if (Object.keys(conditions).length === 0)
    context.addIssue(
      'nothing says when a file is finished\nadd filesize_kb, duration, interval or packets',
    );
  return { ...conditions, ...(ring.files !== undefined && { files: ring.files }) };
});

const FILE = section({
  name: z.literal('file').describe('packets to a capture file, or a ring of them'),
  config: section({
    path: NAME.describe('the file'),
    format: FORMAT.optional().describe('pcap, nsecpcap or pcapng (by the name of the file)'),
    ring: RING.optional().describe('begin another file, keep the last ones'),
  }).describe('the file'),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }): FileReporter => ({
  ...{ name, ...reporting(name, common), path: config.path },
  format: config.format ?? (/\.pcapng$/i.test(config.path) ? 'pcapng' : 'pcap'),
  ring: config.ring,
}));

const S3 = {
  bucket: OPTIONAL_TEXT.describe('the bucket'),
  folder: OPTIONAL_TEXT.describe('what keys begin with'),
  region: OPTIONAL_TEXT.describe('region'),
  endpoint: OPTIONAL_TEXT.describe("server of one's own"),
  accessid: OPTIONAL_TEXT.describe("key's id"),
  accesskey: OPTIONAL_TEXT.describe('secret key'),
  acl: OPTIONAL_TEXT.describe('canned ACL'),
  encryption: z.boolean().optional().describe('encrypted by the server (AES256)'),
};

const CLOUDSHARK = {
  host: OPTIONAL_TEXT.describe('the server'),
  scheme: z.enum(['http', 'https']).optional().describe('https or http'),
  port: z.int().min(1).max(0xffff).optional().describe('its port'),
  token: OPTIONAL_TEXT.describe('token of its API'),
  timeout: DURATION_MS.optional().describe('of an upload'),
  ca: OPTIONAL_TEXT.describe("file with the authorities' certificates, PEM"),
};

const UPLOAD = section({
  name: z.literal('upload').describe('packets as capture files that are sent somewhere'),
  config: section({
    s3: section(S3)
      .optional()
      .describe('to S3; what is left out is as triggers.s3 has it, where its upload is on'),
    cloudshark: section(CLOUDSHARK)
      .optional()
      .describe(
        'to CloudShark; what is left out is as triggers.cloudshark has it, where its upload is on',
      ),
    local: section({
      dir: OPTIONAL_TEXT.describe('the folder (that of triggers.general.localdir)'),
    })
      .optional()
      .describe('to a folder'),
    format: FORMAT.default('pcap').describe('pcap, nsecpcap or pcapng'),
    ring: section({
      ...SWITCHES,
      filesize_kb: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(UPLOAD_KB)
        .describe('a file ends at this many kB, which are in memory while it is sent'),
    })
      .prefault({})
      .describe('when a file is finished and sent; the last one is so at the end of the task'),
  }).describe('one of s3, cloudshark and local'),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }, context): UploadReporter => {
  const targets: UploadTarget[] = [];
  const { s3, cloudshark, local } = config;
  if (s3) {
    const { accessid: accessId, accesskey: accessKey, ...rest } = s3;
    targets.push({
      ...{ kind: 's3', accessId, accessKey, endpoint: rest.endpoint, region: rest.region },
      ...{ bucket: rest.bucket, folder: rest.folder, acl: rest.acl, encryption: rest.encryption },
    });
  }
  if (cloudshark) {
    const { host, scheme, port, token, timeout, ca } = cloudshark;
    targets.push({ kind: 'cloudshark', host, scheme, port, token, timeoutMs: timeout, ca });
  }
  if (local) targets.push({ kind: 'local', directory: local.dir });
  const [target, ...others] = targets;
  if (!target || others.length > 0) {
    context.addIssue({
      code: 'custom',
      path: ['config'],
      message: `${target ? 'more than one' : 'no'} place to upload to\ngive one of s3, cloudshark and local`,
    });
    return z.NEVER;
  }
  if (common.fallback !== undefined)
    context.addIssue({
      ...{ code: 'custom', path: ['fallback'] },
      message: 'what upload cannot send waits on disk by itself\nleave out fallback',
    });
  const { filesize_kb } = config.ring;
  return {
    ...{ name, ...reporting(name, common), target, format: config.format },
    conditions: { ...conditionsOf(config.ring), fileBytes: filesize_kb * 1000 },
  };
});

const CONSOLE = section({
  name: z.literal('console').describe('lines on standard output'),
  config: section({
    format: z.enum(['text', 'json']).default('text').describe('text or json'),
  })
    .prefault({})
    .describe('the lines'),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }): ConsoleReporter => ({
  ...{ name, ...reporting(name, common) },
  format: config.format,
}));

/** Where packets and messages go. */
export const REPORTERS = z.array(
  z.discriminatedUnion('name', [KAFKA, FRAMES, HEP, MQTT, FILE, UPLOAD, CONSOLE]),
);
