import { z } from 'zod';
import {
  aclProblem,
  bucketProblem,
  endpointProblem,
  folderProblem,
  regionProblem,
} from '../../aws/s3-place.js';
import {
  COUNT,
  LIST,
  NAME,
  OPTIONAL_TEXT,
  section,
  withoutEffect,
} from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import {
  kafkaProperties,
  KAFKA_SHAPE,
  type KafkaConnection,
} from '../../task/description/kafka-connection.js';
import { TOPIC_NAME } from '../../task/description/topic-name.js';

const PORT = z.int().min(1).max(0xffff);
/** pcapdaemon counts times in seconds. */
const SECONDS = z.number().min(0).max(2_000_000);

const GENERAL = section({
  maxpackets: z.int().min(1).default(50_000).describe('most packets of a capture'),
  maxbytes: z
    .int()
    .min(100)
    .max(2 ** 31 - 1)
    .default(100_000_000)
    .describe('most bytes of a capture'),
  maxtimeout: SECONDS.default(3600).describe('longest wait for a packet, in s'),
  maxduration: SECONDS.default(3600).describe('longest capture, in s'),
  defaulttimeout: SECONDS.default(10).describe(
    'wait for a packet where a message names none, in s',
  ),
  snaplength: z
    .int()
    .min(0)
    .max(262_144)
    .default(65_535)
    .describe('bytes of each packet where a message names none'),
  writelocal: z.boolean().default(false).describe('write captures to localdir'),
  localdir: OPTIONAL_TEXT.describe('folder for captures'),
  packetdebug: z.boolean().default(false).describe('log each packet'),
  logrequests: z.boolean().default(false).describe('log each message'),
  format: z
    .enum(['pcap', 'pcapng'])
    .default('pcap')
    .describe('of capture files: pcap has microseconds, pcapng nanoseconds'),
  maxcaptures: z.int().min(1).max(1000).default(10).describe('captures at the same time'),
}).transform((general, context) => {
  if (general.writelocal && general.localdir === undefined)
    context.addIssue({
      ...{ code: 'custom', path: ['localdir'] },
      message: 'it is missing\nname the folder that writelocal writes to',
    });
  return {
    ...{ maxPackets: general.maxpackets, maxBytes: general.maxbytes },
    ...{ maxTimeoutMs: general.maxtimeout * 1000, maxDurationMs: general.maxduration * 1000 },
    defaultTimeoutMs: general.defaulttimeout * 1000,
    snapLength: general.snaplength === 0 ? 65_535 : general.snaplength,
    /** Undefined where captures are not written to a folder. */
    localFolder: general.writelocal ? general.localdir : undefined,
    ...{ logsPackets: general.packetdebug, logsRequests: general.logrequests },
    ...{ format: general.format, maxCaptures: general.maxcaptures },
  };
});

const INTERFACE = section({
  name: NAME.describe('an interface'),
  alias: LIST.prefault([]).describe('what messages may call it'),
}).transform(({ name, alias }) => ({ name, aliases: alias }));

const REDIS = section({
  listen: z.boolean().default(false).describe('take messages from a channel'),
  host: NAME.default('127.0.0.1').describe('the server'),
  port: PORT.default(6379).describe('its port'),
  channel: NAME.default('capture').describe('the channel'),
  auth: z.string().default('').describe('password'),
  username: z.string().default('').describe('user'),
  tls: z.boolean().default(false).describe('encrypt the connection'),
  ca: z
    .string()
    .default('')
    .describe("file with the authorities' certificates, PEM (the system's)"),
}).transform(({ listen, host, port, channel, auth, username, tls, ca }) =>
  listen ? { host, port, channel, username, password: auth, tls, ca } : undefined,
);

const AWS = {
  region: OPTIONAL_TEXT.describe('region'),
  accessid: OPTIONAL_TEXT.describe("key's id (AWS' default chain)"),
  accesskey: OPTIONAL_TEXT.describe('secret key'),
  endpoint: OPTIONAL_TEXT.describe('the server, with or without scheme (AWS)'),
};

/** A key is given whole, or AWS' default chain finds one. */
function accessKey(
  {
    accessid: id,
    accesskey: secret,
  }: { accessid?: string | undefined; accesskey?: string | undefined },
  context: z.RefinementCtx,
): { readonly id: string; readonly secret: string } | undefined {
  if (id !== undefined && secret !== undefined) return { id, secret };
  if (id !== undefined || secret !== undefined)
    context.addIssue('accessid and accesskey go together\ngive both, or neither');
  return undefined;
}

const SQS = section({
  listen: z.boolean().default(false).describe('take messages from a queue'),
  url: OPTIONAL_TEXT.describe('the queue'),
  ...AWS,
  waitseconds: z
    .int()
    .min(0)
    .max(20)
    .default(20)
    .describe('how long a poll waits for messages, in s'),
  chunksize: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe('messages that may wait for their captures'),
}).transform((sqs, context) => {
  const key = accessKey(sqs, context);
  if (!sqs.listen) return undefined;
  if (sqs.url === undefined || !/^https?:\/\/[^/]+\/./.test(sqs.url)) {
    context.addIssue({
      ...{ code: 'custom', path: ['url'] },
      message: withRemedy(
        sqs.url === undefined ? 'it is missing' : 'not the address of a queue',
        'for example https://sqs.us-east-1.amazonaws.com/123456789012/capture',
      ),
    });
    return z.NEVER;
  }
  return {
    ...{ url: sqs.url, region: sqs.region, endpoint: sqs.endpoint, key },
    ...{ waitSeconds: sqs.waitseconds, chunkSize: sqs.chunksize },
  };
});

const { sasl, tls, properties } = KAFKA_SHAPE;

const KAFKA = section({
  listen: z.boolean().default(false).describe('take messages from a topic'),
  server: KAFKA_SHAPE.brokers.describe('brokers (those of the section kafka)'),
  topic: TOPIC_NAME.describe('the topic'),
  group_id: OPTIONAL_TEXT.describe('consumer group (kcap-capture-HOST)'),
  response_topic: TOPIC_NAME.describe('where answers go; none: nowhere'),
  ...{ sasl, tls, properties },
});

const S3_REMEDY = 'see docs/on-demand.md for what S3 takes';

const S3 = section({
  upload: z.boolean().default(false).describe('send captures to a bucket'),
  bucket: OPTIONAL_TEXT.describe('the bucket'),
  folder: z.string().default('').describe('what keys begin with'),
  ...AWS,
  acl: z.string().default('').describe("canned ACL (the bucket's own)"),
  encryption: z.boolean().default(false).describe('encrypted by the server (AES256)'),
}).transform((s3, context) => {
  const key = accessKey(s3, context);
  if (!s3.upload) return undefined;
  const check = (name: keyof typeof s3, problem: string | undefined) => {
    if (problem !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: withRemedy(problem, S3_REMEDY) });
  };
  check('bucket', s3.bucket === undefined ? 'it is missing' : bucketProblem(s3.bucket));
  check('folder', folderProblem(s3.folder));
  if (s3.region !== undefined) check('region', regionProblem(s3.region));
  if (s3.endpoint !== undefined) check('endpoint', endpointProblem(s3.endpoint));
  if (s3.acl !== '') check('acl', aclProblem(s3.acl));
  return {
    ...{ bucket: s3.bucket ?? '', folder: s3.folder, region: s3.region ?? 'us-east-1' },
    ...{ endpoint: s3.endpoint ?? '', acl: s3.acl, encryption: s3.encryption, key },
  };
});

const CLOUDSHARK = section({
  upload: z.boolean().default(false).describe('send captures to CloudShark'),
  host: NAME.default('www.cloudshark.org').describe('the server'),
  scheme: z.enum(['http', 'https']).default('https').describe('https or http'),
  port: z.int().min(0).max(0xffff).default(0).describe("its port (the scheme's)"),
  token: z.string().default('').describe('token of its API'),
  timeout: SECONDS.default(0).describe('of an upload, in s; 0: as long as something moves'),
  ca: z
    .string()
    .default('')
    .describe("file with the authorities' certificates, PEM (the system's)"),
}).transform((cloudshark, context) => {
  if (!cloudshark.upload) return undefined;
  if (cloudshark.token === '')
    context.addIssue({
      ...{ code: 'custom', path: ['token'] },
      message: 'it is missing\nCloudShark shows it under Preferences, API tokens',
    });
  const { host, scheme, port, token, timeout, ca } = cloudshark;
  return {
    ...{ host, scheme, port: port === 0 ? undefined : port, token, timeoutMs: timeout * 1000, ca },
  };
});

/** pcapdaemon's sections, as they stand at the root of its file. */
export const TRIGGERS_SHAPE = {
  general: GENERAL.prefault({}).describe(
    'what messages may ask for, and what else holds for captures',
  ),
  interface: z.array(INTERFACE).default([]).describe('interfaces by other names'),
  redis: REDIS.prefault({}).describe('messages of a Redis channel'),
  sqs: SQS.prefault({}).describe('messages of an SQS queue'),
  kafka: KAFKA.prefault({}).describe('messages of a topic'),
  socket: z.boolean().default(true).describe("the command capture on the agent's socket"),
  s3: S3.prefault({}).describe('captures to S3'),
  cloudshark: CLOUDSHARK.prefault({}).describe('captures to CloudShark'),
  syslog: section({
    priority: withoutEffect(COUNT.max(191), 'the log has levels of its own'),
    tag: withoutEffect(z.string(), "systemd's journal has the unit's name"),
  })
    .prefault({})
    .describe("pcapdaemon's log"),
};

/** Captures that others ask for by a message. */
export const TRIGGERS = section(TRIGGERS_SHAPE);

/** The topic of messages, once the section kafka and the host's name are known. */
export function kafkaTrigger(
  kafka: z.output<typeof KAFKA>,
  shared: KafkaConnection,
  host: string,
  context: z.RefinementCtx,
) {
  if (!kafka.listen) return undefined;
  const properties = kafkaProperties(shared, {
    ...{ brokers: kafka.server, sasl: kafka.sasl, tls: kafka.tls },
    properties: kafka.properties,
  });
  const add = (key: string, message: string) => {
    context.addIssue({ code: 'custom', path: ['triggers', 'kafka', key], message });
  };
  if (!properties.has('bootstrap.servers'))
    add('server', 'it is missing\nname brokers here, or in the section kafka');
  if (kafka.topic === undefined) add('topic', 'it is missing\nname the topic');
  return {
    topic: kafka.topic ?? '',
    group: kafka.group_id ?? `kcap-capture-${host}`,
    responseTopic: kafka.response_topic,
    properties,
  };
}
