import { UserError } from '../errors/user-error.js';
import type { Reporter } from '../sinks/reporter.js';
import type { MessageReporterParts, ReporterDefaults } from './described-reporters.js';
import { refuseLoop, reporterProperties } from './described-kafka.js';
import type {
  HepReporter,
  KafkaReporter,
  MqttReporter,
  ReporterDescription,
  TlsFilesOf,
} from './description/reporters.js';
import type { TaskDescription } from './description/task.js';
import { openReporter, type ReportingOptions } from './reporting.js';
import { MQTT_PORTS, type MqttProtocol } from './mqtt-target.js';
import type { TlsFiles } from './report-settings.js';
import type { ReportTarget } from './report-target.js';
import { topicsOf } from './topic-reporting.js';

const SEND_TIMEOUT_MS = 3000;
const MAX_RETRIES = 1;

/** Opens a reporter of a task's messages, under the name that the task gives it. The caller owns it. */
export async function openMessageReporter(
  reporter: ReporterDescription,
  task: TaskDescription,
  parts: MessageReporterParts,
): Promise<Reporter> {
  const { who, processing, waits, media, stop, log, openConsole, defaults } = parts;
  const { labels } = processing;
  const target = targetOf(reporter, defaults);
  const options = {
    ...{ waits, media, what: `reporter ${reporter.id}` },
    kafka:
      reporter.name === 'kafka'
        ? reporterProperties(
            withBatches(reporter, defaults.kafka),
            defaults.connection,
            defaults.kafka?.connection,
          )
        : undefined,
    ...waitingOf(reporter, task, defaults),
    // What takes its place is waiting for it.
    ...(reporter.fallback !== undefined && { patienceMs: patienceOf(reporter, defaults) }),
    lines: { colours: false, raw: false },
    who: { ...who, taskId: task.id, ...(Object.keys(labels).length > 0 && { labels }) },
  };
  if (target.kind === 'kafka' && options.kafka) {
    const topics = topicsOf(target, media).map(({ topic }) => topic);
    refuseLoop(
      reporter,
      { topics, properties: options.kafka },
      { ...task, above: defaults.connection },
    );
  }
  return openReporter(target, options, {
    ...{ stop, log, openOutput: openConsole, askTopic: parts.askTopic },
  });
}

/** How long a reporter may take nothing before another one takes its place. */
export function patienceOf(
  { sendTimeoutMs, maxRetries }: ReporterDescription,
  defaults: ReporterDefaults,
): number {
  const timeoutMs = sendTimeoutMs ?? defaults.sendTimeoutMs ?? SEND_TIMEOUT_MS;
  return timeoutMs * (1 + (maxRetries ?? defaults.maxRetries ?? MAX_RETRIES));
}

/** What a fallback is there for must not be dropped. */
function waitingOf(
  { fallback }: ReporterDescription,
  { channelCapacity }: TaskDescription,
  { sendBuffer }: ReporterDefaults,
): Pick<ReportingOptions, 'waiting'> {
  const messages = channelCapacity.sendBuffer ?? sendBuffer?.messages;
  if (fallback !== undefined || messages === undefined) return {};
  return { waiting: { dropBeyondMessages: messages, drops: sendBuffer?.drops ?? 'oldest' } };
}

function targetOf(reporter: ReporterDescription, defaults: ReporterDefaults): ReportTarget {
  switch (reporter.name) {
    case 'console':
      return { kind: reporter.format, name: reporter.id };
    case 'hep':
      return hepTarget(reporter, defaults.hep);
    case 'kafka':
      return kafkaTarget(reporter, defaults.kafka);
    case 'mqtt':
      return mqttTarget(reporter, defaults.mqtt);
    default:
      throw new Error(`${reporter.name} takes no messages`);
  }
}

function kafkaTarget(
  { id, ...reporter }: KafkaReporter,
  above: ReporterDefaults['kafka'],
): ReportTarget {
  const own = reporter.topic ?? reporter.topicPrefix;
  const { topic, topicPrefix } = own === undefined && above ? above : reporter;
  if (topic !== undefined) return { kind: 'kafka', name: id, topic };
  if (topicPrefix === undefined)
    throw new UserError(`reporter ${id}`, 'no topic is named', {
      ...{ remedy: 'give its config topic or topic_prefix', exitStatus: 2 },
    });
  return { kind: 'kafka', name: id, topic: { prefix: topicPrefix } };
}

function withBatches(reporter: KafkaReporter, above: ReporterDefaults['kafka']): KafkaReporter {
  const { batchSize = above?.batchSize, batchTimeoutMs = above?.batchTimeoutMs } = reporter;
  return { ...reporter, batchSize, batchTimeoutMs };
}

function hepTarget(reporter: HepReporter, above: ReporterDefaults['hep']): ReportTarget {
  const { id, tls } = reporter;
  const servers = reporter.servers ?? above?.servers;
  if (!servers)
    throw new UserError(`reporter ${id}`, 'no collector is named', {
      ...{ remedy: 'give its config servers: [HOST:PORT]', exitStatus: 2 },
    });
  const transport = reporter.transport ?? above?.transport ?? 'udp';
  const version = reporter.version ?? above?.version ?? 3;
  const password = reporter.password ?? above?.password;
  const nodeName = reporter.nodeName ?? above?.nodeName;
  const compresses = reporter.compresses ?? above?.compresses ?? false;
  if (
    version === 2 &&
    (transport !== 'udp' || password !== undefined || nodeName !== undefined || compresses)
  )
    throw new UserError(
      `reporter ${id}`,
      'HEP 2 goes over UDP, and has no room for a password, a name or compression',
      { remedy: 'leave out version: 2', exitStatus: 2 },
    );
  return {
    ...{ kind: 'hep', name: id, servers, transport, version, compresses },
    captureId: reporter.captureId ?? above?.captureId ?? 0,
    ...(password !== undefined && { password }),
    ...(nodeName !== undefined && { nodeName }),
    tls: tlsFiles(tls, above?.tls),
  };
}

function mqttTarget(reporter: MqttReporter, above: ReporterDefaults['mqtt']): ReportTarget {
  const { id } = reporter;
  const text = reporter.url ?? above?.url;
  const topic = reporter.topic ?? above?.topic;
  if (text === undefined || topic === undefined)
    throw new UserError(
      `reporter ${id}`,
      `no ${text === undefined ? 'broker' : 'topic'} is named`,
      {
        ...{ remedy: 'give its config url: mqtts://HOST and topic', exitStatus: 2 },
      },
    );
  const url = new URL(text);
  const protocol = MQTT_PROTOCOLS.find((known) => url.protocol === `${known}:`);
  if (!protocol) throw new Error(`${url.protocol} is not MQTT's`);
  const clientId = reporter.clientId ?? above?.clientId;
  const user = reporter.username ?? above?.username ?? decoded(url.username);
  const password = reporter.password ?? above?.password ?? decoded(url.password);
  const telemetry = reporter.telemetryTopic ?? above?.telemetryTopic;
  return {
    ...{ kind: 'mqtt', name: id, protocol, topic },
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? MQTT_PORTS[protocol] : Number(url.port),
    ...(protocol.startsWith('ws') && { path: url.pathname === '/' ? '/mqtt' : url.pathname }),
    ...(telemetry !== undefined && { telemetry }),
    ...(clientId !== undefined && { clientId }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    tls: tlsFiles(reporter.tls, above?.tls),
  };
}

const MQTT_PROTOCOLS = Object.keys(MQTT_PORTS) as readonly MqttProtocol[];

function decoded(text: string): string | undefined {
  return text === '' ? undefined : decodeURIComponent(text);
}

function tlsFiles(own: TlsFilesOf, above: TlsFilesOf | undefined): TlsFiles {
  const { ca = above?.ca } = own;
  // A certificate and its key go together.
  const { cert, key } = own.cert === undefined && above ? above : own;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
