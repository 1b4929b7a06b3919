import { linkTypeName } from '../capture/link-type.js';
import { UserError } from '../errors/user-error.js';
import { formatUtc, type Microseconds } from '../packet/timestamp.js';
import { openLog, showError } from '../terminal/logging.js';
import { outputColumns, print } from '../terminal/standard-output.js';
import { reportTopic } from '../topic/report-topic.js';
import type { TopicReport } from '../topic/topic-report.js';
import type { Arguments, Runner } from './command.js';
import { parseKafkaOptions } from './kafka-arguments.js';
import { parseLogOptions } from './log-arguments.js';
import { TOPIC_OPTIONS } from './topic-options.js';
import { topicText } from './topic-text.js';
import { parseDuration } from './time.js';
import { parseChoice } from './values.js';
import type { Logger } from 'pino';

/** `kcap topic`: what one wants to know of a topic before reading it. */
export const topic: Runner<typeof TOPIC_OPTIONS> = async (args) => {
  const { level, format } = parseLogOptions(args);
  const logger = await openLog({ level, format });
  try {
    const report = await reportTopic(parse(args, logger), logger);
    await print(
      args.json === true
        ? `${JSON.stringify(topicJson(report), null, 2)}\n`
        : topicText(report, outputColumns()),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger, format });
    return error.exitStatus;
  }
};

function parse(args: Arguments<typeof TOPIC_OPTIONS>, log: Logger) {
  return {
    ...parseKafkaOptions(args, 'consumer', log, 'kcap topic'),
    keyUnit: parseChoice('--key-unit', args['key-unit'], TOPIC_OPTIONS['key-unit'].oneOf),
    keepMs: args.keep === undefined ? undefined : parseDuration('--keep', args.keep),
  };
}

/** The fields of docs/topic.md. Null: not known. */
export function topicJson(report: TopicReport) {
  const { settings, sample, messagesPerSecond } = report;
  const isSampled = sample.packets > 0;
  const names = (known: ReadonlySet<string>) => (isSampled ? [...known].sort() : null);
  const time = (at: Microseconds | undefined) => (at === undefined ? null : formatUtc(at));
  return {
    topic: report.topic,
    partitions: report.partitions,
    messages: report.messages,
    // Only the brokers know, and librdkafka does not ask them (DescribeLogDirs).
    bytes: null,
    first_time: time(sample.first),
    last_time: time(sample.last),
    link_types: isSampled ? [...sample.linkTypes].map(linkTypeName) : null,
    packed: isSampled ? sample.packedMessages > 0 : null,
    hosts: names(sample.hosts),
    interfaces: names(sample.interfaces),
    messages_per_second:
      messagesPerSecond === undefined ? null : Number(messagesPerSecond.toPrecision(6)),
    retention_ms: settings.retentionMs,
    retention_bytes: settings.retentionBytes,
    timestamp_type: settings.timestampType,
    max_message_bytes: settings.maxMessageBytes,
    cleanup_policy: settings.cleanupPolicy,
    sampled: sample.messages,
    warnings: report.warnings,
  };
}
