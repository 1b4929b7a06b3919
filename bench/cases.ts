import type { Contender } from './contenders.js';
import type { Traffic } from './rig/ordinary-traffic.js';

/** Compression of the messages, by librdkafka's names. */
export type Compression = 'none' | 'lz4' | 'zstd';
/** Where a consumer writes to. */
export type Output = 'null' | 'file' | 'pipe';
/** When a case is run: without --cases, with --cases all, or only where it is named. */
export type When = 'by default' | 'all' | 'named';

interface Common {
  readonly name: string;
  /** In a few words, for the plot. */
  readonly title: string;
  readonly when: When;
  readonly contenders: readonly Contender[];
  readonly frameBytes: number;
  readonly partitions: number;
  readonly compression: Compression;
  /** Many packets a message, for those who can: kcap and the packer. */
  readonly packed: boolean;
}

export interface CaptureCase extends Common {
  readonly kind: 'capture';
  /** Packets/s. */
  readonly rate: number | 'flat out';
  /** To the broker and back; undefined for as short as it is. */
  readonly roundTripMs?: number;
}

/** Packets go to disk while there is no broker, and from there to Kafka. kcap only. */
export interface SpoolCase extends Common {
  readonly kind: 'spool';
  /** Packets/s. */
  readonly rate: number;
}

export interface FileCase extends Common {
  readonly kind: 'file';
}

export interface ReadCase extends Common {
  readonly kind: 'read';
  readonly output: Output;
}

export interface LatencyCase extends Common {
  readonly kind: 'latency';
}

export interface StartCase extends Common {
  readonly kind: 'start';
}

export interface SoakCase extends Common {
  readonly kind: 'soak';
  /** Packets/s. */
  readonly rate: number;
}

/** A capture file as lines of text. */
export interface PrintCase extends Common {
  readonly kind: 'print';
  readonly traffic: Traffic;
}

/** Where the messages of calls are reported to. */
export type SipWay = 'nothing' | 'filtered' | 'hep' | 'kafka' | 'mqtt';

export interface SipCase extends Common {
  readonly kind: 'sip';
  /** Messages/s, each a packet. */
  readonly rate: number;
  readonly to: SipWay;
}

export type Case =
  | SipCase
  | PrintCase
  | CaptureCase
  | SpoolCase
  | FileCase
  | ReadCase
  | LatencyCase
  | StartCase
  | SoakCase;

/** The unit of the figure that is compared. */
export function unitOf({ kind }: Case): 'CPU-s/Mpkt' | 'ms' {
  return kind === 'latency' || kind === 'start' ? 'ms' : 'CPU-s/Mpkt';
}

type Details = Partial<Common>;

const KCAP_ONLY = ['kcap'] as const;

const USUAL = {
  contenders: ['kcap', 'c', 'pycapa', 'naive'],
  frameBytes: 200,
  partitions: 1,
  compression: 'none',
  packed: false,
} as const;

/** The packer is the limit; the others have a message a packet all the same. */
const PACKED = { contenders: ['kcap', 'packer', 'c', 'pycapa'], packed: true } as const;

/** What a case of another shape than the usual one is called. */
const SHAPES: readonly (readonly [suffix: string, title: string, shape: Details])[] = [
  ['100b', '100-byte frames', { frameBytes: 100 }],
  ['1000b', '1000-byte frames', { frameBytes: 1000 }],
  ['1500b', '1500-byte frames', { frameBytes: 1500 }],
  ['4p', '4 partitions', { partitions: 4 }],
  ['lz4', 'lz4', { compression: 'lz4' }],
  ['zstd', 'zstd', { compression: 'zstd' }],
];

export const CASES: readonly Case[] = [
  capture(100_000, 'by default'),
  capture(200_000, 'by default'),
  capture(400_000, 'by default'),
  capture('flat out', 'by default'),
  file('by default'),
  read('null', 'by default'),
  read('file', 'by default'),
  read('pipe', 'by default'),
  {
    ...{
      kind: 'latency',
      name: 'latency',
      title: 'Quiet link: wire to output',
      when: 'by default',
    },
    ...USUAL,
    // The naive build knows no packet's time, only its own.
    contenders: ['kcap', 'c', 'pycapa'],
  },
  {
    ...{ kind: 'start', name: 'start', title: 'Start to first packet', when: 'by default' },
    ...USUAL,
  },
  ...[capture(200_000, 'all'), capture(400_000, 'all'), capture('flat out', 'all')].map(packed),
  varied(packed(capture('flat out', 'all')), '64b', '64-byte frames', { frameBytes: 64 }),
  ...[file('all'), read('null', 'all'), read('file', 'all')].map(packed),
  ...[capture(200_000, 'all'), packed(capture(200_000, 'all'))].flatMap((spec) => [
    varied(spec, 'lz4', 'lz4', { compression: 'lz4' }),
    varied(spec, 'zstd', 'zstd', { compression: 'zstd' }),
    { ...varied(spec, 'far', 'broker 50 ms away', {}), roundTripMs: 50 },
  ]),
  ...[spool('all'), packed(spool('all'))].map((spec) => ({ ...spec, contenders: KCAP_ONLY })),
  {
    ...packed<LatencyCase>({
      ...{ kind: 'latency', name: 'latency', title: 'Quiet link: wire to output', when: 'all' },
      ...USUAL,
    }),
    // The packer waits for the next packet before it looks how long one has waited.
    contenders: ['kcap', 'c', 'pycapa'],
  },
  ...SHAPES.flatMap(([suffix, title, shape]) => [
    // At a rate at which a gigabit a second is not exceeded by much, whatever the frame's length.
    varied(capture(100_000, 'all'), suffix, title, shape),
    varied(file('all'), suffix, title, shape),
    varied(read('null', 'all'), suffix, title, shape),
  ]),
  {
    ...{ kind: 'print', name: 'print', title: 'A file as lines, ordinary traffic', when: 'all' },
    ...{ ...USUAL, contenders: ['kcap', 'tcpdump'], traffic: 'ordinary' },
  },
  {
    ...{ kind: 'print', name: 'print-200b', title: 'A file as lines, 200-byte UDP', when: 'all' },
    ...{ ...USUAL, contenders: ['kcap', 'tcpdump'], traffic: 'plain' },
  },
  ...(['nothing', 'filtered', 'hep', 'kafka', 'mqtt'] as const).flatMap((to) =>
    [20_000, 50_000, 100_000, 200_000].map((rate) => sip(rate, to)),
  ),
  {
    ...{ kind: 'soak', name: 'soak', title: 'Ten minutes at 100k packets/s', when: 'named' },
    ...{ ...USUAL, contenders: ['kcap'], rate: 100_000 },
  },
];

function sip(rate: number, to: SipWay): SipCase {
  const way = {
    nothing: 'found and left out',
    filtered: 'one in a hundred as JSON to Kafka',
    hep: 'to HEP over UDP',
    kafka: 'as JSON to Kafka',
    mqtt: 'to MQTT',
  }[to];
  return {
    ...{ kind: 'sip', name: `sip-${to}-${rate / 1000}k`, rate, to, when: 'named', ...USUAL },
    title: `SIP, ${rate / 1000}k messages/s, ${way}`,
    // 500 bytes of SIP, and what is around them.
    frameBytes: 525,
    contenders: to === 'mqtt' || to === 'filtered' ? KCAP_ONLY : ['kcap', 'c'],
  };
}

function capture(rate: number | 'flat out', when: When): CaptureCase {
  const paced = rate === 'flat out' ? undefined : `${rate / 1000}k`;
  return {
    ...{ kind: 'capture', name: `capture-${paced ?? 'flat'}`, rate, when, ...USUAL },
    title: `Capture, ${paced === undefined ? 'flat out' : `${paced} packets/s`}`,
  };
}

function spool(when: When): SpoolCase {
  return {
    ...{ kind: 'spool', name: 'spool', title: 'To disk, and from there to Kafka', when },
    ...{ ...USUAL, rate: 200_000 },
  };
}

function file(when: When): FileCase {
  // npm cap reads no files.
  const contenders = ['kcap', 'c', 'pycapa'] as const;
  return { kind: 'file', name: 'file', title: 'File to Kafka', when, ...USUAL, contenders };
}

function read(output: Output, when: When): ReadCase {
  const to = { null: '/dev/null', file: 'a file', pipe: 'a pipe' }[output];
  return {
    ...{ kind: 'read', name: `read-${output}`, title: `Kafka to ${to}`, output, when },
    ...USUAL,
  };
}

function packed<C extends Case>(spec: C): C {
  const [kind = '', ...rest] = spec.name.split('-');
  const name = [kind, 'packed', ...rest].join('-');
  return { ...spec, ...PACKED, name, title: `${spec.title}, packed` };
}

function varied<C extends Case>(spec: C, suffix: string, title: string, shape: Details): C {
  return { ...spec, ...shape, name: `${spec.name}-${suffix}`, title: `${spec.title}, ${title}` };
}
