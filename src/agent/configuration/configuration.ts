import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import {
  BYTES,
  COUNT,
  DURATION_MS,
  NAME,
  OPTIONAL_TEXT,
  section,
  withoutEffect,
} from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { readHostPort, type HostPort } from '../../net/host-port.js';
import {
  KAFKA_CONNECTION,
  kafkaProperties,
  mergedConnection,
  type KafkaConnection,
} from '../../task/description/kafka-connection.js';
import {
  HEP_REPORTER_SHAPE,
  hepSettings,
  KAFKA_REPORTER_SHAPE,
  MQTT_REPORTER_SHAPE,
  mqttSettings,
  onlyOneTopic,
  reporterConnection,
} from '../../task/description/reporters.js';
import { TUNNELS } from '../../task/description/task.js';
import { COMMAND_CHANNEL, USUAL_COMMANDS } from './command-channel.js';
import { LOG } from './log.js';
import { NODE } from './node.js';
import { kafkaTrigger, TRIGGERS } from './triggers.js';

const CONTROL = section({
  socket: NAME.default('/run/kcap/agent.sock').describe('where commands come from; mode 0600'),
  pid_file: OPTIONAL_TEXT.describe('file with the number of the process'),
  group: OPTIONAL_TEXT.describe('a group that may use the socket as well; mode 0660'),
}).transform(({ socket, pid_file: pidFile, group }) => ({ socket, pidFile, group }));

const TASK_PERSISTENCE = section({
  enabled: z.boolean().default(true).describe('keep tasks over restarts of the agent'),
  auto_restart: z.boolean().default(true).describe('start tasks that ran'),
  max_task_history: COUNT.default(100).describe('how many ended tasks are remembered'),
  gc_interval: DURATION_MS.prefault('1h').describe('how often the others are removed'),
}).transform((persistence) => ({
  ...{ enabled: persistence.enabled, autoRestart: persistence.auto_restart },
  ...{ maxTaskHistory: persistence.max_task_history, gcIntervalMs: persistence.gc_interval },
}));

const RESOURCES = section({
  max_workers: COUNT.default(0).describe('workers of all tasks together (0: as many as cores)'),
  max_memory: BYTES.optional().describe(
    'memory of all tasks and captures together (half of what this host or container has)',
  ),
  max_failed_files: z
    .int()
    .min(1)
    .default(1000)
    .describe('captures that wait in data_dir/failed; the same for each upload reporter'),
  max_failed_size: BYTES.prefault('1G').describe(
    'bytes of them; beyond it, the oldest are removed',
  ),
}).transform(({ max_workers: workers, max_memory: bytes = 0, ...failed }) => ({
  maxWorkers: workers === 0 ? availableParallelism() : workers,
  maxMemoryBytes: bytes === 0 ? Math.floor(availableBytes() / 2) : bytes,
  kept: { files: failed.max_failed_files, bytes: failed.max_failed_size },
}));

/** The machine's memory, or what the container may have of it. */
function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

const WATERMARK = withoutEffect(
  z.number().min(0).max(1),
  'a fallback begins where a reporter is too slow, see send_timeout',
);
const RING = "packets wait in the kernel's ring (a capture's buffer_mib)";

const BACKPRESSURE = section({
  reporter: section({
    send_timeout: DURATION_MS.prefault('3s').describe('how long sending may take'),
    max_retries: COUNT.max(1000).default(1).describe('how often it is tried again'),
  })
    .prefault({})
    .describe('what tasks that say nothing else have'),
  send_buffer: section({
    capacity: COUNT.default(0).describe(
      'messages that may wait for a reporter without a fallback (16384); 16 MiB in any case',
    ),
    drop_policy: z
      .enum(['head', 'tail'])
      .default('head')
      .describe('what is dropped then: the oldest (head) or the newest'),
    ...{ high_watermark: WATERMARK, low_watermark: WATERMARK },
  })
    .prefault({})
    .describe('between a task and its reporters'),
  pipeline_channel: section({
    capacity: withoutEffect(COUNT, RING),
    drop_policy: withoutEffect(z.enum(['head', 'tail']), RING, 'tail'),
  })
    .prefault({})
    .describe("capture-agent's"),
}).transform(({ reporter, send_buffer: buffer }) => ({
  ...{ sendTimeoutMs: reporter.send_timeout, maxRetries: reporter.max_retries },
  sendBuffer: {
    messages: buffer.capacity === 0 ? 16_384 : buffer.capacity,
    drops: buffer.drop_policy === 'head' ? ('oldest' as const) : ('newest' as const),
  },
}));

const CORE = section({
  decoder: section({
    tunnel: section({
      vxlan: z.boolean().default(true).describe('open VXLAN'),
      gre: z.boolean().default(true).describe('open GRE'),
      geneve: z.boolean().default(true).describe('open GENEVE'),
      ipip: z.boolean().default(true).describe('open IP in IP'),
    })
      .prefault({})
      .describe('what is opened where a task names nothing'),
    ip_reassembly: section({
      timeout: DURATION_MS.prefault('30s').describe(
        'how far apart the fragments of a datagram may be',
      ),
      max_fragments: z.int().min(1).default(10_000).describe('fragments that are kept'),
    })
      .prefault({})
      .describe('of fragments'),
  })
    .prefault({})
    .describe('how packets are taken apart'),
}).transform(({ decoder }) => ({
  tunnels: TUNNELS.filter((name) => decoder.tunnel[name]),
  reassembly: {
    lifeMs: decoder.ip_reassembly.timeout,
    fragments: decoder.ip_reassembly.max_fragments,
  },
}));

const METRICS = section({
  enabled: z.boolean().default(true).describe('serve metrics for Prometheus, and health'),
  listen: z
    .string()
    .default('127.0.0.1:9091')
    .transform(readListen)
    .describe('ADDRESS:PORT; :PORT for all addresses'),
  path: z
    .string()
    .regex(/^\/[\w./-]*$/, 'not a path\nfor example /metrics')
    .default('/metrics')
    .describe('where they are'),
  prefix: z
    .string()
    .regex(/^[a-zA-Z_]\w*$/, 'not the beginning of a name\nfor example kcap')
    .default('kcap')
    .describe('what their names begin with'),
  collect_interval: withoutEffect(DURATION_MS, 'values are those of the moment'),
}).transform(({ enabled, listen, path, prefix }) => ({ enabled, listen, path, prefix }));

/** An empty host stands for all addresses. */
function readListen(given: string, context: z.RefinementCtx): HostPort {
  const [, port] = /^:(\d+)$/.exec(given) ?? [];
  const found = readHostPort(port === undefined ? given : `0.0.0.0:${port}`, undefined);
  if (!('problem' in found)) return port === undefined ? found : { host: '', port: found.port };
  context.addIssue(withRemedy(found.problem, 'for example 127.0.0.1:9091, or :9091'));
  return z.NEVER;
}

const REPORTERS = section({
  kafka: section(KAFKA_REPORTER_SHAPE)
    .superRefine(onlyOneTopic)
    .prefault({})
    .describe("what tasks' kafka reporters begin with"),
  hep: section(HEP_REPORTER_SHAPE).prefault({}).describe("what tasks' hep reporters begin with"),
  mqtt: section(MQTT_REPORTER_SHAPE).prefault({}).describe("what tasks' mqtt reporters begin with"),
});

const SHAPE = {
  node: NODE.prefault({}).describe('who the agent is'),
  control: CONTROL.prefault({}).describe('commands on this machine'),
  data_dir: NAME.default('/var/lib/kcap').describe('tasks that are kept, spools'),
  task_persistence: TASK_PERSISTENCE.prefault({}).describe('what is kept'),
  kafka: KAFKA_CONNECTION.prefault({}).describe('for all that talks to Kafka'),
  command_channel: COMMAND_CHANNEL.prefault({}).describe('commands from elsewhere'),
  reporters: REPORTERS.prefault({}).describe("what tasks' reporters begin with"),
  resources: RESOURCES.prefault({}).describe('bounds for all of it together'),
  backpressure: BACKPRESSURE.prefault({}).describe('what happens when reporters are slow'),
  core: CORE.prefault({}).describe('decoding'),
  metrics: METRICS.prefault({}).describe('figures'),
  log: LOG.prefault({}).describe('the log; it always goes to standard error'),
  triggers: TRIGGERS.prefault({}).describe("captures on demand: pcapdaemon's sections"),
  roles: withoutEffect(z.record(z.string(), z.unknown()), 'kcap has no roles'),
};

/**
 * The configuration of an agent: capture-agent's keys, and pcapdaemon's below `triggers`. The output is normalised: times
 * in ms, sizes in bytes, Kafka's settings as librdkafka has them.
 */
export const AGENT = section(SHAPE).transform((given, context) => {
  const { node, kafka, command_channel: channel, reporters, triggers } = given;
  const { hostname } = node;
  return {
    node,
    control: given.control,
    dataDir: given.data_dir,
    taskPersistence: given.task_persistence,
    kafka,
    commandChannel: commandChannel(channel, kafka, hostname, context),
    reporters: {
      kafka: {
        ...{ topic: reporters.kafka.topic, topicPrefix: reporters.kafka.topic_prefix },
        connection: mergedConnection(kafka, reporterConnection(reporters.kafka)),
        batchSize: reporters.kafka.batch_size || undefined,
        batchTimeoutMs: reporters.kafka.batch_timeout,
      },
      hep: hepSettings(reporters.hep),
      mqtt: mqttSettings(reporters.mqtt),
    },
    resources: given.resources,
    backpressure: given.backpressure,
    decoder: given.core,
    metrics: given.metrics,
    log: given.log,
    triggers: {
      ...{ general: triggers.general, interfaces: triggers.interface },
      ...{ redis: triggers.redis, sqs: triggers.sqs, s3: triggers.s3 },
      ...{ cloudshark: triggers.cloudshark, socket: triggers.socket },
      kafka: kafkaTrigger(triggers.kafka, kafka, hostname, context),
    },
  };
});

export type AgentConfiguration = z.output<typeof AGENT>;

function commandChannel(
  { enabled, kafka, command_ttl: ttlMs, allow }: z.output<typeof COMMAND_CHANNEL>,
  shared: KafkaConnection,
  host: string,
  context: z.RefinementCtx,
) {
  if (!enabled) return undefined;
  const { brokers, sasl, tls, properties: own } = kafka;
  const properties = kafkaProperties(shared, { brokers, sasl, tls, properties: own });
  const add = (key: string, message: string) => {
    context.addIssue({ code: 'custom', path: ['command_channel', 'kafka', key], message });
  };
  if (!properties.has('bootstrap.servers'))
    add('brokers', 'it is missing\nname brokers here, or in the section kafka');
  if (kafka.topic === undefined) add('topic', 'it is missing\nname the topic of commands');
  if (kafka.topic !== undefined && kafka.topic === kafka.response_topic)
    add('response_topic', 'it is the topic of commands\nname another one');
  return {
    topic: kafka.topic ?? '',
    /** Undefined: nobody is answered. */
    responseTopic: kafka.response_topic,
    group: kafka.group_id ?? `kcap-${host}`,
    /** Where a new group begins. */
    autoOffsetReset: kafka.auto_offset_reset,
    properties,
    commandTtlMs: ttlMs,
    allow: allow ?? USUAL_COMMANDS,
  };
}
