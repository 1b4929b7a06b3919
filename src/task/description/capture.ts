import { z } from 'zod';
import {
  COUNT,
  LIST,
  NAME,
  OPTIONAL_TEXT,
  section,
  withoutEffect,
} from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { UserError } from '../../errors/user-error.js';
import { parseReadStart, type ReadStart } from '../../kafka/read-start.js';
import { readHostPort, type HostPort } from '../../net/host-port.js';
import { KAFKA_SHAPE, type KafkaConnection } from './kafka-connection.js';

const DEFAULT_BUFFER_MIB = 32;
const MIB = 1024 * 1024;

/** As capture-agent's tasks have them: kcap's captures need none of them. */
const CAPTURE_AGENT = {
  buffer_size_mb: z.int().min(1).max(65_536).optional().describe('as buffer_mib'),
  block_size: COUNT.optional().describe(
    'bytes of a block of the ring; with num_blocks as buffer_mib',
  ),
  num_blocks: COUNT.optional().describe('blocks of the ring'),
  fanout_id: withoutEffect(COUNT, 'the kernel finds a free one'),
  fanout_type: withoutEffect(
    z.enum(['hash', 'cpu', 'lb']),
    'flows always stay together (hash)',
    'hash',
  ),
};
const DISPATCH = {
  dispatch_mode: withoutEffect(
    z.union([z.literal(''), z.enum(['binding', 'dispatch'])]),
    'each worker has a capture of its own (binding)',
    'binding',
  ),
  dispatch_strategy: withoutEffect(
    z.union([z.literal(''), z.enum(['flow-hash', 'round-robin'])]),
    'flows always stay together (flow-hash)',
    'flow-hash',
  ),
};

/** What every kind of capture has. */
const PACKETS = {
  bpf_filter: z.string().optional().describe('keep packets that match, see pcap-filter(7)'),
  snap_len: z
    .int()
    .min(0)
    .max(262_144)
    .optional()
    .describe('bytes of each packet that are kept (65535)'),
};

interface Packets {
  /** pcap-filter expression; empty for all packets. */
  readonly bpfFilter: string;
  /** Bytes; undefined where nothing is said. */
  readonly snapLength: number | undefined;
}

export interface InterfaceCapture extends Packets {
  readonly name: 'afpacket';
  /** One or more names; `any` among them. */
  readonly interfaces: readonly [string, ...string[]];
  readonly bufferMiB: number;
  readonly promiscuous: boolean;
  readonly precision: 'micro' | 'nano';
  readonly timestampType: string | undefined;
  /** Whether packets of kcap's own connections are kept. */
  readonly captureOwnTraffic: boolean;
}

export interface FileCapture extends Packets {
  readonly name: 'file';
  readonly paths: readonly [string, ...string[]];
}

export interface TopicCapture extends Packets {
  readonly name: 'topic';
  readonly topic: string;
  readonly connection: KafkaConnection;
  /** Undefined: where the group stopped, or else the end. */
  readonly start: ReadStart | undefined;
  readonly group: string | undefined;
  /** Whether it ends at what is the end of the topic when it begins. */
  readonly endsAtWatermarks: boolean;
}

export interface ListenerCapture extends Packets {
  readonly name: 'hep' | 'tzsp';
  readonly listen: HostPort & { readonly transport: 'udp' };
}

const INTERFACES = LIST.transform((names, context) => nonEmpty(names, context, 'an interface'));

const AFPACKET = section({
  name: z.literal('afpacket').describe('packets of interfaces'),
  interface: INTERFACES.describe('name of an interface, or a list; any for all'),
  ...PACKETS,
  ...DISPATCH,
  config: section({
    buffer_mib: z.int().min(1).max(65_536).optional().describe("the kernel's ring, in MiB (32)"),
    promiscuous: z.boolean().default(true).describe('also packets for other hosts'),
    precision: z.enum(['micro', 'nano']).default('micro').describe('of time stamps'),
    timestamp_type: OPTIONAL_TEXT.describe('clock of the packets, see pcap-tstamp(7)'),
    capture_own_traffic: z
      .boolean()
      .default(false)
      .describe("keep the packets of kcap's own connections"),
    ...CAPTURE_AGENT,
    ...DISPATCH,
  })
    .prefault({})
    .describe('of the capture'),
}).transform(({ config, ...capture }): InterfaceCapture => ({
  ...{ name: capture.name, interfaces: capture.interface },
  ...packetsOf(capture),
  bufferMiB: config.buffer_mib ?? config.buffer_size_mb ?? ringMiB(config) ?? DEFAULT_BUFFER_MIB,
  ...{ promiscuous: config.promiscuous, precision: config.precision },
  ...{ timestampType: config.timestamp_type, captureOwnTraffic: config.capture_own_traffic },
}));

const FILE = section({
  name: z.literal('file').describe('packets of capture files'),
  path: LIST.transform((paths, context) => nonEmpty(paths, context, 'a file')).describe(
    'a capture file, or a list',
  ),
  ...PACKETS,
}).transform((capture): FileCapture => ({
  ...{ name: capture.name, paths: capture.path },
  ...packetsOf(capture),
}));

const TOPIC = section({
  name: z.literal('topic').describe('packets of a topic, as --producer sends them'),
  topic: NAME.describe('the topic'),
  ...PACKETS,
  config: section({
    ...KAFKA_SHAPE,
    offset: z
      .union([z.string(), z.int()])
      .transform(readStart)
      .optional()
      .describe('where to begin: begin, end, stored, N, -N or s@MS (end; with a group: stored)'),
    group: OPTIONAL_TEXT.describe('consumer group, whose offsets are kept'),
    exit: z.boolean().default(false).describe('stop at the current end of the topic'),
  })
    .prefault({})
    .describe('of the reading'),
}).transform((capture, context): TopicCapture => {
  const { brokers, sasl, tls, properties, offset, group, exit } = capture.config;
  if (offset?.kind === 'stored' && group === undefined)
    context.addIssue({
      code: 'custom',
      path: ['config', 'offset'],
      message: 'offsets are stored for a group\nname one with group',
    });
  return {
    ...{ name: capture.name, topic: capture.topic },
    ...packetsOf(capture),
    connection: { brokers, sasl, tls, properties },
    ...{ start: offset, group, endsAtWatermarks: exit },
  };
});

function listener<Name extends 'hep' | 'tzsp'>(name: Name) {
  return section({
    name: z.literal(name).describe(`packets that others send as ${name.toUpperCase()}`),
    listen: NAME.transform(readListen).describe('for example udp://0.0.0.0:9060'),
    ...PACKETS,
  }).transform((capture): ListenerCapture => ({
    ...{ name, listen: capture.listen },
    ...packetsOf(capture),
  }));
}

/** Where packets come from. */
export const CAPTURE = z.discriminatedUnion('name', [
  AFPACKET,
  FILE,
  TOPIC,
  listener('hep'),
  listener('tzsp'),
]);

export type CaptureDescription = z.output<typeof CAPTURE>;

/** The capture of the short form. */
export const SHORT_CAPTURE = {
  interface: INTERFACES.optional().describe('short for capture: {name: afpacket, interface}'),
  ...PACKETS,
};

/** The capture on interfaces with nothing else said. */
export function interfaceCapture(
  interfaces: InterfaceCapture['interfaces'],
  packets: z.input<z.ZodObject<typeof PACKETS>>,
): InterfaceCapture {
  return {
    ...{ name: 'afpacket', interfaces },
    ...packetsOf(packets),
    ...{ bufferMiB: DEFAULT_BUFFER_MIB, promiscuous: true, precision: 'micro' },
    ...{ timestampType: undefined, captureOwnTraffic: false },
  };
}

function packetsOf(given: {
  readonly bpf_filter?: string | undefined;
  readonly snap_len?: number | undefined;
}): Packets {
  // capture-agent has 0 for the default.
  const snapLength = given.snap_len === 0 ? undefined : given.snap_len;
  return { bpfFilter: given.bpf_filter ?? '', snapLength };
}

function ringMiB({
  block_size: size,
  num_blocks: count,
}: {
  readonly block_size?: number | undefined;
  readonly num_blocks?: number | undefined;
}): number | undefined {
  return size !== undefined && count !== undefined && size > 0 && count > 0
    ? Math.max(1, Math.ceil((size * count) / MIB))
    : undefined;
}

function nonEmpty(
  names: readonly string[],
  context: z.RefinementCtx,
  what: string,
): readonly [string, ...string[]] {
  const [first, ...others] = names;
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) context.addIssue(withRemedy(`${twice}: given twice`, 'give it once'));
  if (first !== undefined) return [first, ...others];
  context.addIssue(withRemedy('it is empty', `name ${what}`));
  return z.NEVER;
}

function readStart(given: string | number, context: z.RefinementCtx): ReadStart {
  try {
    return parseReadStart(String(given));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.addIssue(withRemedy(`'${given}': no such place to begin`, error.remedy));
    return z.NEVER;
  }
}

function readListen(
  given: string,
  context: z.RefinementCtx,
): HostPort & { readonly transport: 'udp' } {
  const [, scheme = '', rest = ''] = /^(\w+):\/\/(.*)$/.exec(given) ?? ['', 'udp', given];
  if (scheme === 'udp') {
    // All addresses where there is only a port.
    const address = rest.startsWith(':') ? `0.0.0.0${rest}` : rest;
    const found = readHostPort(address, undefined);
    if (!('problem' in found)) return { ...found, transport: 'udp' };
    context.addIssue(withRemedy(found.problem, found.remedy));
    return z.NEVER;
  }
  context.addIssue(withRemedy(`${scheme}: not a way to listen`, 'for example udp://0.0.0.0:9060'));
  return z.NEVER;
}
