import type { Options } from 'yargs';
import type { OptionForm } from './argv.js';

/** Options of both modes. Values stay text: each is parsed where its error can say what was expected. */
const BOTH = {
  producer: { alias: 'p', type: 'boolean', describe: 'sniff packets and send them to Kafka' },
  consumer: { alias: 'c', type: 'boolean', describe: 'read packets from Kafka and write pcap' },
  'kafka-broker': { alias: 'k', type: 'string', describe: 'Kafka broker(s), HOST:PORT[,…]' },
  'kafka-topic': { alias: 't', type: 'string', describe: 'Kafka topic' },
  'max-packets': {
    alias: 'm',
    type: 'string',
    describe: 'stop after N packets; 0: no limit',
    default: '0',
  },
  'pretty-print': {
    alias: 'pp',
    type: 'string',
    describe: 'print a line about every Nth packet',
    default: '0',
  },
  'log-level': {
    alias: 'll',
    type: 'string',
    describe: 'DEBUG, INFO, WARN or ERROR',
    default: 'INFO',
  },
  'kafka-config': {
    alias: 'X',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'a librdkafka property, KEY=VALUE, or @FILE with one a line; repeatable',
    default: [],
  },
  snaplen: { alias: 's', type: 'string', describe: 'snapshot length in bytes (default 65535)' },
  filter: { alias: 'f', type: 'string', describe: 'capture filter, see man pcap-filter' },
  linktype: { alias: 'y', type: 'string', describe: 'link type, a name or number' },
  quiet: { alias: 'q', type: 'boolean', describe: 'no progress line' },
  'stats-interval': {
    type: 'string',
    describe: 'log statistics every S seconds',
    default: '0',
  },
  'log-format': { type: 'string', describe: 'text or json (default: text on a terminal)' },
} satisfies Record<string, Options>;

const PRODUCER = {
  interface: {
    alias: 'i',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'interface to listen on: a name, an IP address or any; repeatable',
    default: [],
  },
  read: {
    alias: 'r',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'send the packets of a capture file instead; - is standard input',
    default: [],
  },
  'buffer-size': { alias: 'B', type: 'string', describe: 'kernel buffer in MiB', default: '32' },
  promiscuous: {
    type: 'boolean',
    describe: 'capture what is not for this host, too',
    default: true,
  },
  'time-stamp-type': { type: 'string', describe: 'clock of the packets, see man pcap-tstamp' },
  'time-stamp-precision': { type: 'string', describe: 'micro or nano (default micro)' },
  'partition-by': {
    type: 'string',
    describe: 'time, or flow: both directions of a conversation in one partition',
    default: 'time',
  },
  'kafka-timestamp': {
    type: 'string',
    describe: 'timestamp of messages: packet or now (default: packet; now with -r)',
  },
  header: {
    alias: 'H',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'a header for every message, NAME=VALUE; repeatable',
    default: [],
  },
  identify: { type: 'boolean', describe: 'headers that name the host and the interface' },
  spool: {
    type: 'string',
    describe: 'folder for packets while brokers are away',
  },
  'spool-size': {
    type: 'string',
    describe: 'bytes of the spool, for example 500M or 10G (default 1G)',
  },
  'drain-timeout': {
    type: 'string',
    describe: 'seconds that a stop waits for deliveries',
    default: '10',
  },
  'relinquish-privileges': {
    alias: 'Z',
    type: 'string',
    describe: 'become this user, no longer root, once the capture is open',
  },
  'capture-own-traffic': {
    type: 'boolean',
    describe: "keep the packets of kcap's own broker connections",
  },
} satisfies Record<string, Options>;

const CONSUMER = {
  'kafka-offset': {
    alias: 'o',
    type: 'string',
    describe:
      'where to begin: begin, end, stored, N, -N or s@MS (default: end; with -g: stored). What a group with members has committed counts',
  },
  from: { type: 'string', describe: 'packets from this time on: ISO 8601, seconds or -15m' },
  to: { type: 'string', describe: 'packets before this time; ends there' },
  slack: {
    type: 'string',
    describe:
      'seconds beyond --from and --to in which packets are looked for that came early or late; all: in the whole topic',
    default: '300',
  },
  order: {
    type: 'string',
    describe: 'of partitions: time or arrival (default: time where the read has an end)',
  },
  'key-unit': { type: 'string', describe: 'what keys count: us, ms or ns', default: 'us' },
  exit: { alias: 'e', type: 'boolean', describe: 'stop at what is the end of the topic now' },
  group: {
    alias: 'g',
    type: 'string',
    describe:
      'consumer group: its members share the partitions, and go on from what it has committed',
  },
  format: {
    alias: 'F',
    type: 'string',
    describe: 'pcap, nsecpcap or pcapng (default: as the first packet)',
  },
  write: { alias: 'w', type: 'string', describe: 'write to a file instead of standard output' },
} satisfies Record<string, Options>;

export const BRIDGE_OPTIONS = { ...BOTH, ...PRODUCER, ...CONSUMER };

/** The options that only one mode has, for --help and for errors. */
export const PRODUCER_OPTIONS = Object.keys(PRODUCER);
export const CONSUMER_OPTIONS = Object.keys(CONSUMER);

/** How the short options are written, for `expandShortOptions`. */
export function shortForms(options: Record<string, Options>): Map<string, OptionForm> {
  const forms = new Map<string, OptionForm>([
    ['h', { long: 'help', takesValue: false }],
    ['V', { long: 'version', takesValue: false }],
  ]);
  for (const [long, { alias, type }] of Object.entries(options)) {
    const short = typeof alias === 'string' ? alias : long;
    forms.set(short, { long, takesValue: type === 'string' });
  }
  return forms;
}
