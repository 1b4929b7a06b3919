import type { OptionTable } from './command.js';

/** Options of both modes. Defaults stand in the descriptions, for --help. Values stay text: each is parsed where its error can say what was expected. */
export const BOTH_OPTIONS = {
  producer: { alias: 'p', type: 'boolean', describe: 'sniff packets and send them to Kafka' },
  consumer: { alias: 'c', type: 'boolean', describe: 'read packets from Kafka and write pcap' },
  'kafka-broker': { alias: 'k', type: 'string', value: 'HOST:PORT[,…]', describe: 'Kafka brokers' },
  'kafka-topic': { alias: 't', type: 'string', value: 'TOPIC', describe: 'Kafka topic' },
  'max-packets': {
    alias: 'm',
    type: 'string',
    value: 'N',
    describe: 'stop after N packets (default 0: no limit)',
    default: '0',
  },
  'pretty-print': {
    alias: 'pp',
    type: 'string',
    value: 'N',
    describe: 'print a line about every Nth packet (default 0: none)',
    default: '0',
  },
  'log-level': {
    alias: 'll',
    type: 'string',
    value: 'LEVEL',
    describe: 'DEBUG, INFO (default), WARN or ERROR',
    default: 'INFO',
  },
  'kafka-config': {
    alias: 'X',
    type: 'string',
    value: 'KEY=VALUE',
    array: true,
    nargs: 1,
    describe: 'any librdkafka property, or @FILE with one on each line; repeatable',
    default: [],
  },
  snaplen: {
    alias: 's',
    type: 'string',
    value: 'BYTES',
    describe: 'snapshot length (default 65535)',
  },
  filter: {
    alias: 'f',
    type: 'string',
    value: 'EXPRESSION',
    describe: 'capture filter, see man pcap-filter',
  },
  linktype: {
    alias: 'y',
    type: 'string',
    value: 'TYPE',
    describe: 'link type, a name or a number',
  },
  quiet: { alias: 'q', type: 'boolean', describe: 'no progress line' },
  'stats-interval': {
    type: 'string',
    value: 'S',
    describe: 'log statistics every S seconds (default 0: never)',
    default: '0',
  },
  'log-format': {
    type: 'string',
    value: 'FORMAT',
    describe: 'text (default on a terminal) or json (default elsewhere)',
  },
} satisfies OptionTable;

export const PRODUCER = {
  interface: {
    alias: 'i',
    type: 'string',
    value: 'NAME',
    array: true,
    nargs: 1,
    describe: 'interface to capture on: a name, an IP address or any; repeatable',
    default: [],
  },
  read: {
    alias: 'r',
    type: 'string',
    value: 'FILE',
    array: true,
    nargs: 1,
    describe: 'send the packets of a capture file instead; - is standard input; repeatable',
    default: [],
  },
  workers: {
    type: 'string',
    value: 'N',
    describe: 'captures that share the packets of each interface, a thread each (default 1)',
  },
  'buffer-size': {
    alias: 'B',
    type: 'string',
    value: 'MIB',
    describe: 'kernel buffer (default 32)',
    default: '32',
  },
  promiscuous: {
    type: 'boolean',
    describe: 'capture no packets for other hosts',
    default: true,
  },
  'time-stamp-type': {
    type: 'string',
    value: 'TYPE',
    describe: 'clock of the packets, see man pcap-tstamp',
  },
  'time-stamp-precision': { type: 'string', value: 'UNIT', describe: 'micro (default) or nano' },
  'partition-by': {
    type: 'string',
    value: 'KEY',
    describe:
      'time: partitions take turns (default); flow: both directions of a conversation go to one partition',
    default: 'time',
  },
  'kafka-timestamp': {
    type: 'string',
    value: 'TIME',
    describe: 'timestamp of messages: packet (default) or now (default with -r)',
  },
  header: {
    alias: 'H',
    type: 'string',
    value: 'NAME=VALUE',
    array: true,
    nargs: 1,
    describe: 'add a header to every message; repeatable',
    default: [],
  },
  identify: { type: 'boolean', describe: 'add headers that name the host and the interface' },
  pack: { type: 'boolean', describe: 'send many packets per message: cheaper, but not for pycapa' },
  'pack-size': {
    type: 'string',
    value: 'SIZE',
    describe: 'longest packed message (default 64K)',
  },
  'pack-time': {
    type: 'string',
    value: 'MS',
    describe: 'how long the first packet of a message waits for others (default 50)',
  },
  spool: {
    type: 'string',
    value: 'DIR',
    describe: 'folder to keep packets in while brokers are away',
  },
  'spool-size': {
    type: 'string',
    value: 'SIZE',
    describe: 'largest size of the spool, for example 500M or 10G (default 1G)',
  },
  'drain-timeout': {
    type: 'string',
    value: 'S',
    describe: 'seconds that a stop waits for deliveries (default 10)',
    default: '10',
  },
  'relinquish-privileges': {
    alias: 'Z',
    type: 'string',
    value: 'USER',
    describe: 'become this user instead of root once the capture is open',
  },
  'capture-own-traffic': {
    type: 'boolean',
    describe: "keep the packets of kcap's own broker connections",
  },
} satisfies OptionTable;

export const CONSUMER = {
  'kafka-offset': {
    alias: 'o',
    type: 'string',
    value: 'START',
    describe:
      'where to begin: begin, end, stored, N, -N or s@MS (default: end; with -g: stored). A group with members continues from its committed offsets',
  },
  from: {
    type: 'string',
    value: 'TIME',
    describe: 'packets from this time on: ISO 8601, seconds since 1970 or -15m',
  },
  to: { type: 'string', value: 'TIME', describe: 'packets before this time; stop there' },
  slack: {
    type: 'string',
    value: 'S',
    describe:
      'seconds beyond --from and --to to search for packets that came early or late (default 300); all: search the whole topic',
    default: '300',
  },
  order: {
    type: 'string',
    value: 'ORDER',
    describe: 'order across partitions: time (default if the read has an end) or arrival',
  },
  'key-unit': {
    type: 'string',
    value: 'UNIT',
    describe: 'what keys count: us (default), ms or ns',
    default: 'us',
  },
  values: {
    type: 'string',
    value: 'KIND',
    describe: 'what unpacked messages hold: frame (default) or pcap (a whole capture file)',
    default: 'frame',
  },
  exit: { alias: 'e', type: 'boolean', describe: 'stop at the current end of the topic' },
  group: {
    alias: 'g',
    type: 'string',
    value: 'ID',
    describe:
      'consumer group: its members share the partitions and continue from its committed offsets',
  },
  format: {
    alias: 'F',
    type: 'string',
    value: 'FORMAT',
    describe: 'pcap, nsecpcap or pcapng (default: pcap with the precision of the first packet)',
  },
  write: {
    alias: 'w',
    type: 'string',
    value: 'FILE',
    describe: 'write to a file instead of standard output',
  },
} satisfies OptionTable;

export const BRIDGE_OPTIONS = { ...BOTH_OPTIONS, ...PRODUCER, ...CONSUMER };

/** The options that mean nothing beside those that are given: the other mode's. */
export function foreignOptions(given: ReadonlySet<string>): string[] {
  return [
    ...(given.has('producer') ? Object.keys(CONSUMER) : []),
    ...(given.has('consumer') ? Object.keys(PRODUCER) : []),
  ];
}
