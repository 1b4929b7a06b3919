import { BROKER_OPTIONS } from './broker-options.js';
import { command, type Command } from './command.js';
import { DEVICES_OPTIONS } from './devices-options.js';
import {
  BOTH_OPTIONS,
  BRIDGE_OPTIONS,
  CONSUMER,
  foreignOptions,
  PRODUCER,
} from './bridge-options.js';
import { TOPIC_OPTIONS } from './topic-options.js';
import { EXTCAP_OPTIONS, EXTCAP_SECTIONS } from './extcap-options.js';

/** What kcap does where no command is named. */
export const BRIDGE = command({
  name: '',
  usage: [
    'kcap --producer -k BROKERS -t TOPIC -i INTERFACE [options]',
    'kcap --producer -k BROKERS -t TOPIC -r FILE [options]',
    'kcap --consumer -k BROKERS -t TOPIC [options]',
  ],
  summary: 'move packets through Kafka',
  options: BRIDGE_OPTIONS,
  sections: { 'Both modes': BOTH_OPTIONS, Producer: PRODUCER, Consumer: CONSUMER },
  examples: [
    'kcap --producer -k localhost:9092 -t pcap -i eth0',
    'kcap --consumer -k localhost:9092 -t pcap | tshark -i -',
    'kcap --consumer -k localhost:9092 -t pcap -o begin -e > out.pcap',
  ],
  foreignOptions,
  load: async () => (await import('./bridge.js')).bridge,
});

/** kcap's commands: help, suggestions and the command line know no others. */
export const COMMANDS: readonly Command[] = [
  BRIDGE,
  command({
    name: 'devices',
    usage: ['kcap devices [--json]'],
    summary: 'list the interfaces to capture on',
    options: DEVICES_OPTIONS,
    load: async () => (await import('./devices.js')).devices,
  }),
  command({
    name: 'topic',
    usage: ['kcap topic -k BROKERS -t TOPIC [--json]'],
    summary: 'show what is in a topic of packets',
    options: TOPIC_OPTIONS,
    examples: [
      'kcap topic -k localhost:9092 -t pcap',
      'kcap topic -k localhost:9092 -t pcap --keep 7d',
      'kcap topic -k localhost:9092 -t pcap --json | jq .warnings',
    ],
    load: async () => (await import('./topic.js')).topic,
  }),
  command({
    name: 'extcap',
    usage: ['kcap extcap --install', 'kcap extcap --uninstall'],
    summary: 'read topics in Wireshark, as interfaces of its list',
    options: EXTCAP_OPTIONS,
    sections: EXTCAP_SECTIONS,
    load: async () => (await import('./extcap.js')).extcap,
  }),
  command({
    name: 'broker',
    usage: ['kcap broker [--port N] [--topic NAME[:PARTITIONS]]...'],
    summary: 'run an in-memory Kafka for trying things out',
    options: BROKER_OPTIONS,
    load: async () => (await import('./broker.js')).broker,
  }),
];
