import { BRIDGE_OPTIONS } from './bridge-options.js';
import { TUNNEL_NAMES } from '../decode/tunnel/tunnel.js';
import type { OptionTable } from './command.js';

/** Options of the bridge that mean the same here: those of both its modes. */
function ofBridge<Name extends keyof typeof BRIDGE_OPTIONS>(
  ...names: readonly Name[]
): Pick<typeof BRIDGE_OPTIONS, Name> {
  const entries = names.map((name) => {
    const option: OptionTable[string] = { ...BRIDGE_OPTIONS[name] };
    delete (option as { mode?: unknown }).mode;
    return [name, option] as const;
  });
  return Object.fromEntries(entries) as unknown as Pick<typeof BRIDGE_OPTIONS, Name>;
}

const CAPTURE = ofBridge(
  'interface',
  'read',
  'buffer-size',
  'workers',
  'promiscuous',
  'time-stamp-type',
  'time-stamp-precision',
  'relinquish-privileges',
  'capture-own-traffic',
);

const TOPIC = ofBridge(
  'kafka-broker',
  'kafka-topic',
  'kafka-config',
  'kafka-offset',
  'exit',
  'from',
  'to',
  'slack',
  'group',
  'order',
  'key-unit',
  'values',
);

const PACKETS = ofBridge('filter', 'max-packets', 'snaplen', 'linktype');

const STOP = {
  autostop: {
    ...BRIDGE_OPTIONS.autostop,
    describe: 'stop after duration:S, packets:N or idle:S without packets; repeatable',
  },
} satisfies OptionTable;

const MESSAGES = {
  reassemble: {
    type: 'boolean',
    describe: 'do not reassemble fragmented datagrams',
    default: true,
  },
  tunnels: {
    type: 'string',
    value: 'LIST',
    listOf: ['all', 'none', ...TUNNEL_NAMES.keys()],
    describe: `the tunnels to look into: all, none, or some of ${[...TUNNEL_NAMES.keys()].join(', ')}`,
    default: 'all',
  },
  'sip-filter': {
    type: 'string',
    value: 'EXPR|@FILE',
    array: true,
    describe: "keep messages that match, for example '(method invite)'; repeatable: all must match",
    default: [],
  },
} as const satisfies OptionTable;

const DRAIN = ofBridge('drain-timeout');

const REPORTS = {
  report: {
    type: 'string',
    value: 'URL',
    array: true,
    describe:
      'where messages go: text:, json:, kafka:TOPIC, hep://HOST:PORT (also hep+tcp, hep+tls), mqtt://HOST/TOPIC (also mqtts, ws, wss), json+udp://HOST:PORT (also json+tcp); repeatable. Default: text: on a terminal, else json:',
    default: [],
  },
  rtp: {
    type: 'boolean',
    describe: 'report RTP headers and RTCP of the calls as well; RTCP alone is the default for HEP',
  },
  raw: { type: 'boolean', describe: 'show the whole message below its line' },
  'drain-timeout': {
    ...DRAIN['drain-timeout'],
    describe: 'seconds that a stop waits for reports to go out (10)',
  },
} satisfies OptionTable;

const WATCHING = ofBridge('log-level', 'log-format', 'quiet', 'progress', 'stats-interval');

/** The options by what one wants to do: the sections of help. */
export const SIP_SECTIONS = {
  'Packets from interfaces and files': CAPTURE,
  'Packets from a topic': TOPIC,
  'Which packets': { ...PACKETS, ...STOP },
  'Which messages': MESSAGES,
  Reports: REPORTS,
  'Log and progress': WATCHING,
} satisfies Readonly<Record<string, OptionTable>>;

export const SIP_OPTIONS = {
  ...CAPTURE,
  ...TOPIC,
  ...PACKETS,
  ...STOP,
  ...MESSAGES,
  ...REPORTS,
  ...WATCHING,
};
