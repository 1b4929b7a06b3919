import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { usageError, UserError } from '../errors/user-error.js';
import { interfaceName, recentTopics, type RecentTopic } from '../extcap/recent-topics.js';
import { isExact, sentence } from '../extcap/sentence.js';
import { Cluster } from '../kafka/cluster.js';
import { openLog } from '../terminal/logging.js';
import type { Arguments } from './command.js';
import { CONTROL } from './extcap-controls.js';
import type { EXTCAP_OPTIONS } from './extcap-options.js';
import { wiresharkProperties } from './extcap-settings.js';
import { packageVersion } from '../package-version.js';

type ExtcapArguments = Arguments<typeof EXTCAP_OPTIONS>;

/** The interface that has no topic yet. */
const GENERAL = 'kcap';
/** Which `value` sentences belong to which setting. */
const TOPIC_ARG = 1;
const ORDER_ARG = 4;
const FORMAT_ARG = 5;
/** More topics than anybody scrolls through. */
const MOST_TOPICS = 1000;

/** `--extcap-interfaces`: Kafka, each topic that was read lately, and the tool bar. */
export function interfaceSentences(): string {
  return [
    sentence('extcap', { version: packageVersion(), help: helpUrl(), display: 'Kafka (kcap)' }),
    sentence('interface', { value: GENERAL, display: 'Kafka' }),
    ...recentTopics().map((recent) =>
      sentence('interface', {
        value: interfaceName(recent),
        display: `Kafka: ${recent.topic} on ${recent.brokers}`,
      }),
    ),
    sentence('control', {
      number: CONTROL.status,
      type: 'button',
      display: 'Status',
      tooltip: 'Show how many packets were read in the status bar',
    }),
    sentence('control', {
      number: CONTROL.log,
      type: 'button',
      role: 'logger',
      display: 'Log',
      tooltip: 'Show what kcap has logged',
    }),
    sentence('control', { number: CONTROL.help, type: 'button', role: 'help', display: 'Help' }),
  ].join('');
}

/** `--extcap-dlts`: a capture has the link types that its packets have. */
export function linkTypeSentences(): string {
  // LINKTYPE_USER0, as extcaps of remote captures say.
  return sentence('dlt', { number: 147, name: 'KAFKA', display: 'as the packets in the topic' });
}

/** `--extcap-config`: the settings of an interface. */
export function settingSentences({ 'extcap-interface': name }: ExtcapArguments): string {
  const recent = recentNamed(name);
  const known = (value: string | undefined) =>
    value !== undefined && isExact(value) ? value : undefined;
  return [
    sentence('arg', {
      number: 0,
      call: '--brokers',
      display: 'Brokers',
      tooltip: 'One or more of the brokers, HOST:PORT each, separated by commas',
      type: 'string',
      // Wireshark takes a required setting that has its default for one that is missing.
      required: recent ? undefined : true,
      placeholder: 'localhost:9092',
      validation: '^[^ ,]+(,[^ ,]+)*$',
      default: known(recent?.brokers),
    }),
    sentence('arg', {
      number: TOPIC_ARG,
      call: '--topic',
      display: 'Topic',
      tooltip: 'Load the list of topics from the brokers, and choose one',
      type: 'selector',
      reload: true,
      placeholder: 'Load topics',
    }),
    sentence('arg', {
      number: 2,
      call: '--topic-name',
      display: 'Topic by name',
      tooltip: 'A topic that is not in the list',
      type: 'string',
      validation: '^[A-Za-z0-9._-]*$',
    }),
    sentence('arg', {
      number: 3,
      call: '--start',
      display: 'Start',
      tooltip:
        'end: new packets only; begin; -1000: the last 1000 messages of each partition; -15m or 2026-01-31T12:00: packets from that time on; an offset',
      type: 'string',
      default: 'end',
      validation: '^(end|begin|-?[0-9]+([.][0-9]+)?[smhd]?|s@[0-9]+|[0-9]+-[0-9]+-[0-9]+.*)$',
    }),
    sentence('arg', {
      number: ORDER_ARG,
      call: '--order',
      display: 'Order',
      tooltip: 'Several partitions: as the packets arrive, or merged by their times',
      type: 'selector',
    }),
    sentence('arg', {
      number: FORMAT_ARG,
      call: '--format',
      display: 'Format',
      tooltip: 'pcapng holds several link types, and the names of hosts and interfaces',
      type: 'selector',
    }),
    sentence('arg', {
      number: 6,
      call: '--properties-file',
      display: 'Properties file',
      tooltip: 'librdkafka properties, key=value on each line: the place for passwords',
      type: 'fileselect',
      mustexist: true,
      default: known(recent?.propertiesFile),
    }),
    topicSentences(
      recentTopics().map(({ topic }) => topic),
      recent?.topic,
    ),
    sentence('value', { arg: ORDER_ARG, value: 'arrival', display: 'arrival', default: true }),
    sentence('value', { arg: ORDER_ARG, value: 'time', display: 'time', default: false }),
    sentence('value', { arg: FORMAT_ARG, value: 'pcapng', display: 'pcapng', default: true }),
    sentence('value', { arg: FORMAT_ARG, value: 'pcap', display: 'pcap', default: false }),
    sentence('value', {
      arg: FORMAT_ARG,
      value: 'nsecpcap',
      display: 'pcap with nanoseconds',
      default: false,
    }),
  ].join('');
}

/** `--extcap-reload-option`: the topics that the cluster has, or why they are not known. */
export async function reloadedSentences(args: ExtcapArguments, option: string): Promise<string> {
  if (option.replace(/^-+/, '') !== 'topic')
    throw usageError(`--extcap-reload-option ${option}`, 'only topics can be reloaded', undefined);
  const recent = recentNamed(args['extcap-interface']);
  // Wireshark shows nothing of standard error here.
  const log = await openLog({ level: 'error', format: 'text' }, () => undefined);
  try {
    const names = await Cluster.topicNames(wiresharkProperties(args, recent, log), log);
    if (names.length === 0) return topicSentences([], undefined, '(no topics)');
    return topicSentences(names.slice(0, MOST_TOPICS), args.topic ?? recent?.topic);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return topicSentences([], undefined, `(${error.message})`);
  }
}

/** The topic that an interface of Wireshark's list stands for; undefined for the general one. */
export function recentNamed(name: string | undefined): RecentTopic | undefined {
  return recentTopics().find((recent) => interfaceName(recent) === name);
}

/** @param none what is shown where no topic is chosen */
function topicSentences(
  names: readonly string[],
  chosen: string | undefined,
  none = '(none chosen)',
): string {
  const all = [...new Set([...(chosen === undefined ? [] : [chosen]), ...names])];
  return [
    sentence('value', {
      arg: TOPIC_ARG,
      value: '',
      display: none,
      default: chosen === undefined,
    }),
    ...all.map((name) =>
      sentence('value', {
        arg: TOPIC_ARG,
        value: name,
        display: name,
        default: name === chosen,
      }),
    ),
  ].join('');
}

/** Of the page that comes with this kcap. */
function helpUrl(): string {
  const root = path.dirname(createRequire(import.meta.url).resolve('#package'));
  return pathToFileURL(path.join(root, 'docs/wireshark.md')).href;
}
