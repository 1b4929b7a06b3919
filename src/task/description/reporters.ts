import { z } from 'zod';
import {
  BYTES,
  COUNT,
  DURATION_MS,
  LIST,
  OPTIONAL_TEXT,
  SCALARS,
  section,
} from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { readHostPort, type HostPort } from '../../net/host-port.js';
import { FILE, UPLOAD, type FileReporter, type UploadReporter } from './file-reporters.js';
import { KAFKA_SHAPE, TLS_SHAPE, type KafkaConnection } from './kafka-connection.js';
import { BATCH, OF_KAFKA, OF_OTHERS, reporting, type Reporting } from './reporting.js';
import { TOPIC_NAME } from './topic-name.js';

const HEP_PORT = 9060;

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

/** What each kind is given; lines on the console are of messages where the task has parsers, else of packets. */
export const TAKES: Readonly<
  Record<ReporterDescription['name'], 'messages' | 'packets' | 'either'>
> = {
  ...{ kafka: 'messages', hep: 'messages', mqtt: 'messages' },
  ...{ frames: 'packets', file: 'packets', upload: 'packets' },
  console: 'either',
};

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
