import type { Logger } from 'pino';
import { usageError } from '../errors/user-error.js';
import type { RecentTopic } from '../extcap/recent-topics.js';
import { checkBrokers } from '../kafka/broker-address.js';
import type { Properties } from '../kafka/properties.js';
import { parseReadStart, type ReadStart } from '../kafka/read-start.js';
import { checkTopicName } from '../kafka/topic-name.js';
import type { Microseconds } from '../packet/timestamp.js';
import type { Arguments } from './command.js';
import type { EXTCAP_OPTIONS } from './extcap-options.js';
import { parseProperties } from './kafka-arguments.js';
import { parseTime } from './time.js';

type ExtcapArguments = Arguments<typeof EXTCAP_OPTIONS>;

const IN_WIRESHARK = "in the interface's settings in Wireshark";
/** How far before a time packets are looked for that arrived early or late, as kcap --consumer does. */
export const SLACK_MS = 300_000;

/** Librdkafka's properties: of KCAP_CONFIG, of the properties file, and the brokers that were given or read lately. */
export function wiresharkProperties(
  args: ExtcapArguments,
  recent: RecentTopic | undefined,
  log: Logger,
): Properties {
  const brokers = given(args.brokers) ?? recent?.brokers;
  const file = propertiesFile(args, recent);
  if (brokers !== undefined) checkBrokers('brokers', brokers);
  return parseProperties(
    {
      'kafka-broker': undefined,
      // What is typed into the dialog wins over a file.
      'kafka-config': [
        ...(file === undefined ? [] : [`@${file}`]),
        ...(brokers === undefined ? [] : [`bootstrap.servers=${brokers}`]),
      ],
    },
    { role: 'consumer', mode: 'kcap extcap', remedy: `name one ${IN_WIRESHARK}` },
    log,
  );
}

/** A field that was emptied asks for no file. */
export function propertiesFile(
  args: Pick<ExtcapArguments, 'properties-file'>,
  recent: RecentTopic | undefined,
): string | undefined {
  const file = args['properties-file'] ?? recent?.propertiesFile;
  return given(file);
}

/** A name that was typed wins over one of the list. */
export function wiresharkTopic(args: ExtcapArguments, recent: RecentTopic | undefined): string {
  const topic = given(args['topic-name']) ?? given(args.topic) ?? recent?.topic;
  if (topic === undefined) throw usageError('topic', 'none given', `choose one ${IN_WIRESHARK}`);
  return checkTopicName('topic', topic);
}

/** Where to begin, as -o says it, or from a time on, as --from does. */
export function wiresharkStart(
  text: string | undefined,
  nowMs: number,
): { readonly start: ReadStart; readonly from: Microseconds | undefined } {
  const start = given(text) ?? 'end';
  if (start === 'stored')
    throw usageError(
      'start stored',
      'offsets are stored for a group',
      `give another start ${IN_WIRESHARK}`,
    );
  if (/^(begin|end|-?\d+|s@\d+)$/.test(start))
    return { start: parseReadStart(start), from: undefined };
  const from = parseTime('start', start, nowMs);
  return {
    start: { kind: 'before', timeMs: Math.max(Math.floor(from / 1000 - SLACK_MS), 0) },
    from,
  };
}

/** Wireshark passes fields that were left empty, or does not. */
function given(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
