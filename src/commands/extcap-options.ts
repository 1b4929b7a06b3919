import type { OptionTable } from './command.js';

/** What people type. */
const INSTALLING = {
  install: { type: 'boolean', describe: "put kcap where this user's Wireshark looks for it" },
  uninstall: { type: 'boolean', describe: 'take it away again' },
  folder: {
    type: 'string',
    value: 'DIR',
    suggests: 'folder',
    describe: 'where that is, if Wireshark itself does not say',
  },
} as const satisfies OptionTable;

/** What Wireshark's settings dialog asks for; `extcap-dialog.ts` describes it to Wireshark. */
const SETTINGS = {
  brokers: { type: 'string', value: 'HOST:PORT[,…]', describe: 'Kafka brokers' },
  topic: { type: 'string', value: 'TOPIC', describe: 'a topic that was chosen from the list' },
  'topic-name': { type: 'string', value: 'TOPIC', describe: 'a topic that is not in the list' },
  start: {
    type: 'string',
    value: 'START',
    describe: 'where to begin: as -o and --from of kcap --consumer (default end)',
  },
  order: {
    type: 'string',
    value: 'ORDER',
    oneOf: ['arrival', 'time'],
    describe: 'arrival (default) or time',
  },
  format: {
    type: 'string',
    value: 'FORMAT',
    oneOf: ['pcapng', 'pcap', 'nsecpcap'],
    describe: 'pcapng (default), pcap or nsecpcap',
  },
  'properties-file': {
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    describe: 'librdkafka properties, one on each line: the place for passwords',
  },
} as const satisfies OptionTable;

/** Of extcap(4). */
const PROTOCOL = {
  'extcap-interfaces': { type: 'boolean', describe: 'list the interfaces' },
  'extcap-version': { type: 'string', value: 'X.Y', describe: "Wireshark's version" },
  'extcap-interface': { type: 'string', value: 'NAME', describe: 'the interface that is meant' },
  'extcap-dlts': { type: 'boolean', describe: 'list its link types' },
  'extcap-config': { type: 'boolean', describe: 'describe its settings' },
  'extcap-reload-option': {
    type: 'string',
    value: 'NAME',
    describe: 'list the values of this setting anew',
  },
  'extcap-capture-filter': {
    type: 'string',
    value: 'EXPRESSION',
    describe: 'capture filter; without --capture it is checked',
  },
  capture: { type: 'boolean', describe: 'capture' },
  fifo: { type: 'string', value: 'FILE', describe: 'named pipe for the packets' },
  'extcap-control-in': { type: 'string', value: 'FILE', describe: 'named pipe from the tool bar' },
  'extcap-control-out': { type: 'string', value: 'FILE', describe: 'named pipe to the tool bar' },
  'extcap-config-option-name': { type: 'string', value: 'NAME', describe: 'ignored' },
  'extcap-config-option-value': { type: 'string', value: 'VALUE', describe: 'ignored' },
  'extcap-cleanup-postkill': {
    type: 'boolean',
    describe: 'ignored: a capture leaves nothing behind',
  },
} as const satisfies OptionTable;

export const EXTCAP_OPTIONS = { ...INSTALLING, ...SETTINGS, ...PROTOCOL };

export const EXTCAP_SECTIONS: Readonly<Record<string, OptionTable>> = {
  Installation: INSTALLING,
  'Settings, passed by Wireshark': SETTINGS,
  "Requests, made by Wireshark (see 'man extcap')": PROTOCOL,
};
