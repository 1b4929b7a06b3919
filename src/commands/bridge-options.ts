import type { OptionTable } from './command.js';
import { KAFKA } from './kafka-options.js';
import { LOG } from './log-options.js';

// Defaults stand in the descriptions, for --help. Values stay text: each is parsed where its error can say what was
// expected.

const MODES = {
  producer: { alias: 'p', type: 'boolean', describe: 'send packets to Kafka' },
  consumer: { alias: 'c', type: 'boolean', describe: 'read packets from Kafka, write pcap' },
} satisfies OptionTable;

/** Where a producer's packets come from. */
const CAPTURE = {
  interface: {
    mode: 'producer',
    alias: 'i',
    type: 'string',
    value: 'NAME',
    suggests: 'interface',
    array: true,
    describe: 'capture on an interface: its name, its IP address, or any; repeatable',
    default: [],
  },
  read: {
    mode: 'producer',
    alias: 'r',
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    array: true,
    describe: 'read a capture file instead (-: standard input); repeatable',
    default: [],
  },
  'buffer-size': {
    mode: 'producer',
    alias: 'B',
    type: 'string',
    value: 'MIB',
    describe: 'kernel buffer (32)',
    default: '32',
  },
  workers: {
    mode: 'producer',
    type: 'string',
    value: 'N',
    describe: 'threads that share the packets of each interface (1)',
  },
  promiscuous: {
    mode: 'producer',
    type: 'boolean',
    describe: 'capture no packets for other hosts',
    default: true,
  },
  'time-stamp-type': {
    mode: 'producer',
    type: 'string',
    value: 'TYPE',
    describe: 'clock of the packets, see man pcap-tstamp',
  },
  'time-stamp-precision': {
    mode: 'producer',
    type: 'string',
    value: 'UNIT',
    oneOf: ['micro', 'nano'],
    describe: 'micro (default) or nano',
  },
  'relinquish-privileges': {
    mode: 'producer',
    alias: 'Z',
    type: 'string',
    value: 'USER',
    suggests: 'user',
    describe: 'become this user instead of root once the capture is open',
  },
  'capture-own-traffic': {
    mode: 'producer',
    type: 'boolean',
    describe: "keep the packets of kcap's own broker connections",
  },
} as const satisfies OptionTable;

/** Which packets, how many, and what of each. */
const PACKETS = {
  filter: {
    alias: 'f',
    type: 'string',
    value: 'EXPRESSION',
    describe: 'keep packets that match, see man pcap-filter',
  },
  'max-packets': {
    alias: 'm',
    type: 'string',
    value: 'N',
    describe: 'stop after N packets',
    default: '0',
  },
  autostop: {
    alias: 'a',
    type: 'string',
    value: 'COND',
    kinds: ['duration', 'packets', 'filesize', 'idle'],
    array: true,
    describe:
      'stop after duration:S, packets:N, filesize:KB of -w, or idle:S without packets; repeatable',
    default: [],
  },
  snaplen: {
    alias: 's',
    type: 'string',
    value: 'BYTES',
    describe: 'snapshot length (65535)',
  },
  linktype: {
    alias: 'y',
    type: 'string',
    value: 'TYPE',
    suggests: 'link-type',
    describe:
      'link type, a name or a number: to capture with; when reading, of packets without one',
  },
} as const satisfies OptionTable;

/** How a producer sends. */
const SENDING = {
  'partition-by': {
    mode: 'producer',
    type: 'string',
    value: 'KEY',
    oneOf: ['time', 'flow'],
    describe:
      'time: partitions take turns (default); flow: both directions of a conversation go to one',
    default: 'time',
  },
  'kafka-timestamp': {
    mode: 'producer',
    type: 'string',
    value: 'TIME',
    oneOf: ['packet', 'now'],
    describe: 'timestamp of messages: packet (default) or now (default with -r)',
  },
  header: {
    mode: 'producer',
    alias: 'H',
    type: 'string',
    value: 'NAME=VALUE',
    array: true,
    describe: 'add a header to every message; repeatable',
    default: [],
  },
  identify: {
    mode: 'producer',
    type: 'boolean',
    describe: 'add headers that name the host and the interface',
  },
  pack: {
    mode: 'producer',
    type: 'boolean',
    describe: 'send many packets per message: cheaper, but not for pycapa',
  },
  'pack-size': {
    mode: 'producer',
    type: 'string',
    value: 'SIZE',
    describe: 'longest packed message (64K)',
  },
  'pack-time': {
    mode: 'producer',
    type: 'string',
    value: 'MS',
    describe: 'how long the first packet of a message waits for others (50)',
  },
  spool: {
    mode: 'producer',
    type: 'string',
    value: 'DIR',
    suggests: 'folder',
    describe: 'keep packets in this folder while brokers are away',
  },
  'spool-size': {
    mode: 'producer',
    type: 'string',
    value: 'SIZE',
    describe: 'largest size of the spool, for example 500M (1G)',
  },
  'drain-timeout': {
    mode: 'producer',
    type: 'string',
    value: 'S',
    describe: 'seconds that a stop waits for deliveries (10)',
    default: '10',
  },
} as const satisfies OptionTable;

/** What a consumer reads. */
const READING = {
  'kafka-offset': {
    mode: 'consumer',
    alias: 'o',
    type: 'string',
    value: 'START',
    describe:
      'where to begin: begin, end, stored, N, -N (the last N) or s@MS (end; with -g: stored). A group with members continues from its committed offsets',
  },
  exit: {
    mode: 'consumer',
    alias: 'e',
    type: 'boolean',
    describe: 'stop at the current end of the topic',
  },
  from: {
    mode: 'consumer',
    type: 'string',
    value: 'TIME',
    describe: 'packets from this time on: ISO 8601, seconds since 1970 or -15m',
  },
  to: {
    mode: 'consumer',
    type: 'string',
    value: 'TIME',
    describe: 'packets before this time; stop there',
  },
  slack: {
    mode: 'consumer',
    type: 'string',
    value: 'S',
    describe:
      'seconds beyond --from and --to to search for packets that came early or late (300); all: search the whole topic',
    default: '300',
  },
  group: {
    mode: 'consumer',
    alias: 'g',
    type: 'string',
    value: 'ID',
    describe:
      'consumer group: its members share the partitions and continue from its committed offsets',
  },
  order: {
    mode: 'consumer',
    type: 'string',
    value: 'ORDER',
    oneOf: ['time', 'arrival'],
    describe: 'order across partitions: time (default if the read has an end) or arrival',
  },
  'key-unit': {
    mode: 'consumer',
    type: 'string',
    value: 'UNIT',
    oneOf: ['us', 'ms', 'ns'],
    describe: 'what keys count: us (default), ms or ns',
    default: 'us',
  },
  values: {
    mode: 'consumer',
    type: 'string',
    value: 'KIND',
    oneOf: ['frame', 'pcap'],
    describe: 'what unpacked messages hold: frame (default) or pcap (a whole capture file)',
    default: 'frame',
  },
} as const satisfies OptionTable;

const OUTPUT = {
  write: {
    alias: 'w',
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    describe: 'write to a file instead of standard output; with -p: a copy of what is sent',
  },
  'ring-buffer': {
    alias: 'b',
    type: 'string',
    value: 'COND',
    kinds: ['duration', 'filesize', 'packets', 'interval', 'files'],
    array: true,
    describe:
      'begin another file after duration:S, filesize:KB, packets:N, or at multiples of interval:S; keep the last files:N; repeatable',
    default: [],
  },
  'copy-when-slow': {
    mode: 'producer',
    type: 'string',
    value: 'WHAT',
    oneOf: ['drop', 'wait'],
    describe: "if -w can't keep up: drop packets from the copy (default), or wait",
  },
  format: {
    alias: 'F',
    type: 'string',
    value: 'FORMAT',
    oneOf: ['pcap', 'nsecpcap', 'pcapng'],
    describe: 'pcap, nsecpcap or pcapng (pcap with the precision of the first packet)',
  },
  print: { type: 'boolean', describe: 'print each packet as a line, as tcpdump does' },
  verbose: { alias: 'v', type: 'boolean', describe: 'print more of each packet' },
  hex: { type: 'boolean', describe: 'print the bytes of each packet below its line' },
  'hex-ascii': { type: 'boolean', describe: 'print the bytes in ASCII, too' },
  'pretty-print': {
    alias: 'pp',
    type: 'string',
    value: 'N',
    describe: "print pycapa's line about every Nth packet",
    default: '0',
  },
} as const satisfies OptionTable;

const WATCHING = {
  ...LOG,
  quiet: { alias: 'q', type: 'boolean', describe: 'no progress line, like --no-progress' },
  progress: {
    type: 'boolean',
    describe: 'show progress: a line on a terminal (default there), or in the log every 10 s',
  },
  'stats-interval': {
    type: 'string',
    value: 'S',
    describe: 'log statistics every S seconds',
    default: '0',
  },
} as const satisfies OptionTable;

/** The options by what one wants to do: the sections of help. */
export const BRIDGE_SECTIONS = {
  Modes: MODES,
  Kafka: KAFKA,
  Capture: CAPTURE,
  Packets: PACKETS,
  Send: SENDING,
  Read: READING,
  Output: OUTPUT,
  'Log and progress': WATCHING,
} satisfies Readonly<Record<string, OptionTable>>;

export const BRIDGE_OPTIONS = {
  ...MODES,
  ...KAFKA,
  ...CAPTURE,
  ...PACKETS,
  ...SENDING,
  ...READING,
  ...OUTPUT,
  ...WATCHING,
};

/** The options that mean nothing beside those that are given: the other mode's. */
export function foreignOptions(given: ReadonlySet<string>): string[] {
  const options: OptionTable = BRIDGE_OPTIONS;
  return Object.entries(options).flatMap(([name, { mode }]) =>
    mode !== undefined && !given.has(mode) && (given.has('producer') || given.has('consumer'))
      ? [name]
      : [],
  );
}
