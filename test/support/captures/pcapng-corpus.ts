import type { ByteOrder } from '../pcap-file.js';
import { frameOf, type Capture, type CapturedPacket } from './capture.js';
import { pcapngFile, type Block, type Interface, type TimedPacket } from './pcapng-file.js';

const SECONDS = 1_700_000_000;
const MICROSECONDS = BigInt(SECONDS) * 1_000_000n;
const BYTE_ORDERS: readonly ByteOrder[] = ['little', 'big'];
const NO_TIME = 'a time that no pcap file can hold';
const NO_INTERFACE = 'of an interface that the file does not describe';

const LITTLE: Block = { kind: 'section', byteOrder: 'little' };
const BIG: Block = { kind: 'section', byteOrder: 'big' };
const ETHERNET: Interface = { kind: 'interface', linkType: 1 };

/** pcapng files: whole ones, odd ones and damaged ones. */
export function pcapngCorpus(): Capture[] {
  return [...blockTypes(), ...sections(), ...interfaces(), ...clocks(), ...damaged()];
}

function blockTypes(): Capture[] {
  // Their bodies are what other readers take for right.
  const others: [name: string, type: number, body: Buffer][] = [
    ['name-resolution', 4, Buffer.alloc(4)],
    ['interface-statistics', 5, Buffer.alloc(12)],
    ['systemd-journal', 9, Buffer.from('__REALTIME_TIMESTAMP=1700000000000000\n')],
    // A TLS key log of 8 bytes.
    ['decryption-secrets', 10, Buffer.from('4b534c540800000023206b657973200a', 'hex')],
    // The number of an enterprise, and whatever it likes.
    ['custom', 0xbad, frameOf(1, 32)],
    ['custom-not-to-copy', 0x4000_0bad, frameOf(2, 32)],
    ['unknown', 0x1234_5678, frameOf(3, 32)],
  ];
  const three = [0, 1, 2].map((number) => packetOf(number));
  const frames = [0, 1, 2, 3, 4].map((bytes) => packetOf(bytes, { frame: frameOf(bytes, bytes) }));
  return [
    ...BYTE_ORDERS.flatMap((byteOrder) => [
      captureOf(
        `pcapng-enhanced-${byteOrder}-endian`,
        [{ kind: 'section', byteOrder }, ETHERNET, ...three],
        three.map((packet) => expected(packet)),
      ),
      captureOf(
        `pcapng-obsolete-${byteOrder}-endian`,
        [
          { kind: 'section', byteOrder },
          ETHERNET,
          ...three.map((packet) => ({ ...packet, kind: 'obsolete' as const })),
        ],
        three.map((packet) => expected(packet)),
      ),
      captureOf(
        `pcapng-simple-${byteOrder}-endian`,
        [
          { kind: 'section', byteOrder },
          ETHERNET,
          ...three.map(({ frame }) => ({ kind: 'simple' as const, frame })),
        ],
        three.map(({ frame }) => simple(frame)),
      ),
    ]),
    captureOf(
      'pcapng-simple-cut-by-the-snap-length',
      [
        LITTLE,
        { ...ETHERNET, snapLength: 30 },
        { kind: 'simple', frame: frameOf(1, 30), originalLength: 1514 },
        { kind: 'simple', frame: frameOf(2, 29) },
      ],
      [simple(frameOf(1, 30), 1514), simple(frameOf(2, 29))],
    ),
    captureOf(
      'pcapng-frames-of-0-to-4-bytes',
      [LITTLE, ETHERNET, ...frames],
      frames.map((packet) => expected(packet)),
    ),
    captureOf(
      'pcapng-packet-options',
      [LITTLE, ETHERNET, ...three.map((packet) => ({ ...packet, comment: 'a comment' }))],
      three.map((packet) => expected(packet)),
    ),
    captureOf(
      'pcapng-lengths-that-differ',
      [
        LITTLE,
        ETHERNET,
        { ...packetOf(1), originalLength: 1514 },
        { ...packetOf(2), originalLength: 1 },
      ],
      [
        { ...expected(packetOf(1)), originalLength: 1514 },
        { ...expected(packetOf(2)), originalLength: 1 },
      ],
    ),
    ...others.map(([name, type, body]) => {
      const other: Block = { kind: 'other', type, body };
      return captureOf(
        `pcapng-with-${name}-blocks`,
        [LITTLE, ETHERNET, other, packetOf(0), other, packetOf(1)],
        [expected(packetOf(0)), expected(packetOf(1))],
      );
    }),
    paddingLeftOut(),
    captureOf('pcapng-no-packet', [LITTLE, ETHERNET], []),
    captureOf('pcapng-no-interface', [LITTLE], []),
  ];
}

/** Lengths as some writers have them, without the padding that is there all the same. */
function paddingLeftOut(): Capture {
  const name = 'eth0.5';
  const packets = [1, 2, 3, 4].map((bytes) => packetOf(bytes, { frame: frameOf(bytes, bytes) }));
  const blocks: (readonly [block: Block, padding: number])[] = [
    [LITTLE, 0],
    [{ ...ETHERNET, name }, 0],
    ...packets.map((packet) => [packet, (4 - packet.frame.length) % 4] as const),
    [{ kind: 'simple', frame: frameOf(5, 5) }, 3],
  ];
  return {
    name: 'pcapng-padding-left-out-of-lengths',
    bytes: Buffer.concat(
      blocks.map(([block, padding]) => {
        const bytes = pcapngFile([block]);
        for (const at of [4, bytes.length - 4]) bytes.writeUInt32LE(bytes.length - padding, at);
        return bytes;
      }),
    ),
    packets: [...packets.map((packet) => expected(packet)), simple(frameOf(5, 5))].map(
      (packet) => ({ ...packet, interface: name }),
    ),
  };
}

function sections(): Capture[] {
  const raw: Interface = { kind: 'interface', linkType: 101 };
  return [
    captureOf(
      'pcapng-sections-of-both-byte-orders',
      [LITTLE, ETHERNET, packetOf(0), BIG, raw, packetOf(1), LITTLE, ETHERNET, packetOf(2)],
      [expected(packetOf(0)), expected(packetOf(1), { linkType: 101 }), expected(packetOf(2))],
    ),
    {
      ...captureOf(
        'pcapng-interface-of-another-section',
        [LITTLE, ETHERNET, packetOf(0), LITTLE, packetOf(1), ETHERNET, packetOf(2)],
        [expected(packetOf(0)), expected(packetOf(2))],
      ),
      unusable: { [NO_INTERFACE]: 1 },
    },
  ];
}

function interfaces(): Capture[] {
  const named: Interface[] = [
    { ...ETHERNET, name: 'eth0' },
    { kind: 'interface', linkType: 113, name: 'any' },
    { ...ETHERNET, name: 'wlan0', resolution: 9 },
    { ...ETHERNET, name: 'Ethernet–Überraschung' },
  ];
  const from = (number: number, interfaceId: number) => packetOf(number, { interfaceId });
  const nano = { ...from(2, 2), ticks: BigInt(SECONDS) * 1_000_000_000n + 123_456_789n };
  return [
    captureOf(
      'pcapng-several-interfaces',
      [LITTLE, ...named, from(0, 0), from(1, 1), nano, from(3, 3), from(4, 0), from(5, 0)],
      [
        expected(from(0, 0), { interface: 'eth0' }),
        expected(from(1, 1), { linkType: 113, interface: 'any' }),
        {
          ...expected(nano, { precision: 'nano', interface: 'wlan0' }),
          seconds: SECONDS,
          fraction: 123_456_789,
        },
        expected(from(3, 3), { interface: 'Ethernet–Überraschung' }),
        expected(from(4, 0), { interface: 'eth0' }),
        expected(from(5, 0), { interface: 'eth0' }),
      ],
    ),
    captureOf(
      'pcapng-interface-described-late',
      [LITTLE, ETHERNET, from(0, 0), { kind: 'interface', linkType: 12 }, from(1, 1)],
      [expected(from(0, 0)), expected(from(1, 1), { linkType: 12 })],
    ),
    {
      ...captureOf(
        'pcapng-unknown-interface',
        [LITTLE, ETHERNET, from(0, 0), from(1, 1), from(2, 0xffff_ffff), from(3, 0)],
        [expected(from(0, 0)), expected(from(3, 0))],
      ),
      unusable: { [NO_INTERFACE]: 2 },
    },
    {
      ...captureOf(
        'pcapng-simple-without-interface',
        [LITTLE, { kind: 'simple', frame: frameOf(1) }, ETHERNET, packetOf(0)],
        [expected(packetOf(0))],
      ),
      unusable: { [NO_INTERFACE]: 1 },
    },
  ];
}

interface ClockCase {
  readonly name: string;
  readonly resolution: number;
  readonly offset?: bigint;
  readonly ticks: bigint;
  /** Nothing where no pcap file can hold it. */
  readonly time?: Pick<CapturedPacket, 'seconds' | 'fraction'>;
}

/** The resolutions of these clocks that microseconds hold exactly. */
const HELD_BY_MICROSECONDS = [0, 3, 6, 0x80, 0x86];

function clocks(): Capture[] {
  const now = BigInt(SECONDS);
  const at = (fraction: number, seconds = SECONDS) => ({ seconds, fraction });
  const cases: ClockCase[] = [
    { name: 'seconds', resolution: 0, ticks: now, time: at(0) },
    { name: 'milliseconds', resolution: 3, ticks: now * 1000n + 999n, time: at(999_000) },
    { name: 'microseconds', resolution: 6, ticks: MICROSECONDS + 999_999n, time: at(999_999) },
    {
      name: 'hundred-nanoseconds',
      resolution: 7,
      ticks: now * 10_000_000n + 9_999_999n,
      time: at(999_999_900),
    },
    {
      name: 'nanoseconds',
      resolution: 9,
      ticks: now * 1_000_000_000n + 999_999_999n,
      time: at(999_999_999),
    },
    { name: 'picoseconds', resolution: 12, ticks: 1_999_999_999_999n, time: at(999_999_999, 1) },
    { name: 'power-of-two-0', resolution: 0x80, ticks: now, time: at(0) },
    { name: 'power-of-two-6', resolution: 0x86, ticks: now * 64n + 63n, time: at(984_375) },
    { name: 'power-of-two-7', resolution: 0x87, ticks: now * 128n + 1n, time: at(7_812_500) },
    { name: 'power-of-two-10', resolution: 0x8a, ticks: now * 1024n + 1n, time: at(976_562) },
    {
      name: 'power-of-two-32',
      resolution: 0xa0,
      ticks: (now << 32n) | 0xffff_ffffn,
      time: at(999_999_999),
    },
    { name: 'power-of-two-127', resolution: 0xff, ticks: 2n ** 64n - 1n, time: at(0, 0) },
    { name: 'power-of-ten-127', resolution: 0x7f, ticks: 2n ** 64n - 1n, time: at(0, 0) },
    { name: 'offset', resolution: 6, offset: now, ticks: 7n, time: at(7) },
    {
      name: 'negative-offset',
      resolution: 6,
      offset: -3600n,
      ticks: MICROSECONDS,
      time: at(0, SECONDS - 3600),
    },
    { name: 'offset-of-milliseconds', resolution: 3, offset: now, ticks: 7n, time: at(7_000) },
    {
      name: 'last-second',
      resolution: 6,
      ticks: 0xffff_ffffn * 1_000_000n + 999_999n,
      time: at(999_999, 0xffff_ffff),
    },
    { name: 'past-32-bits', resolution: 6, ticks: 0x1_0000_0000n * 1_000_000n },
    { name: 'all-bits', resolution: 6, ticks: 2n ** 64n - 1n },
    { name: 'before-1970', resolution: 6, offset: -(2n ** 40n), ticks: MICROSECONDS },
    { name: 'greatest-offset', resolution: 9, offset: 2n ** 63n - 1n, ticks: 0n },
    { name: 'least-offset', resolution: 9, offset: -(2n ** 63n), ticks: 2n ** 64n - 1n },
  ];
  return cases.map(({ name, resolution, offset, ticks, time }) => {
    const timed = { ...packetOf(1), ticks };
    const described = {
      ...ETHERNET,
      resolution,
      ...(offset === undefined ? {} : { offset }),
    };
    const precision = HELD_BY_MICROSECONDS.includes(resolution) ? 'micro' : 'nano';
    const packets = [
      { ...packetOf(0, { interfaceId: 1 }) },
      timed,
      { ...packetOf(2, { interfaceId: 1 }) },
    ] as const;
    return {
      ...captureOf(
        `pcapng-clock-${name}`,
        [LITTLE, described, ETHERNET, ...packets],
        [
          expected(packets[0]),
          ...(time ? [{ ...expected(timed, { precision }), ...time }] : []),
          expected(packets[2]),
        ],
      ),
      ...(time ? {} : { unusable: { [NO_TIME]: 1 } }),
    };
  });
}

function damaged(): Capture[] {
  const bytes = pcapngFile([LITTLE, ETHERNET, packetOf(0), packetOf(1), packetOf(2)]);
  const blockBytes = 32 + 60;
  const second = bytes.length - 2 * blockBytes;
  const first = [expected(packetOf(0))];
  const cases: [name: string, problem: string, change: (copy: Buffer) => void][] = [
    [
      'length-not-a-multiple-of-4',
      'damaged: the two lengths of a block are not the same',
      (copy) => copy.writeUInt32LE(blockBytes + 1, second + 4),
    ],
    [
      'length-too-small',
      'damaged: a block claims to have 28 bytes',
      (copy) => copy.writeUInt32LE(28, second + 4),
    ],
    [
      'length-0',
      'damaged: a block claims to have 0 bytes',
      (copy) => copy.writeUInt32LE(0, second + 4),
    ],
    [
      'length-absurd',
      'damaged: a block claims to have 4294967292 bytes',
      (copy) => copy.writeUInt32LE(0xffff_fffc, second + 4),
    ],
    [
      'lengths-not-the-same',
      'damaged: the two lengths of a block are not the same',
      (copy) => copy.writeUInt32LE(blockBytes + 4, second + blockBytes - 4),
    ],
    [
      'frame-longer-than-its-block',
      'damaged: a packet is longer than its block',
      (copy) => copy.writeUInt32LE(61, second + 20),
    ],
  ];
  const afterOne = (block: Block, problem: string, name: string): Capture => ({
    ...captureOf(`pcapng-${name}`, [LITTLE, ETHERNET, packetOf(0), block], first),
    problem,
  });
  return [
    ...cases.map(([name, problem, change]) => {
      const copy = Buffer.from(bytes);
      change(copy);
      return { name: `pcapng-${name}`, bytes: copy, packets: first, problem };
    }),
    {
      name: 'pcapng-cut-in-a-block',
      bytes: bytes.subarray(0, -1),
      packets: [...first, expected(packetOf(1))],
      problem: 'the last block is cut off',
    },
    {
      name: 'pcapng-cut-in-the-first-block',
      bytes: bytes.subarray(0, 27),
      packets: [],
      problem: 'not a pcapng file: it ends too early',
    },
    afterOne(
      { kind: 'section', byteOrder: 'little', major: 2 },
      "version 2.0 of pcapng can't be read",
      'version-2',
    ),
    afterOne(
      { kind: 'other', type: 0x0a0d0d0a, body: Buffer.alloc(16) },
      'damaged: a section has no byte order',
      'section-without-byte-order',
    ),
    afterOne(
      {
        kind: 'other',
        type: 1,
        body: Buffer.from('0100000000000000090004000600000000000000', 'hex'),
      },
      "damaged: an interface's option 9 has 4 bytes",
      'resolution-of-4-bytes',
    ),
    afterOne(
      { kind: 'other', type: 1, body: Buffer.from('010000000000000002000900657468300000', 'hex') },
      'damaged: an option is longer than its interface block',
      'option-longer-than-its-block',
    ),
    afterOne(
      { kind: 'simple', frame: frameOf(1), originalLength: 64 + 1 },
      'damaged: a packet is longer than its block',
      'simple-longer-than-its-block',
    ),
  ];
}

function packetOf(
  number: number,
  more: Partial<Pick<TimedPacket, 'interfaceId' | 'frame'>> = {},
): TimedPacket {
  return {
    kind: 'enhanced',
    interfaceId: 0,
    ticks: MICROSECONDS + BigInt(number),
    frame: frameOf(number),
    ...more,
  };
}

/** What comes back of a packet of packetOf(), unless its interface says otherwise. */
function expected(
  { ticks, frame }: TimedPacket,
  link: Partial<Pick<CapturedPacket, 'linkType' | 'precision' | 'interface'>> = {},
): CapturedPacket {
  return {
    seconds: SECONDS,
    fraction: Number(ticks - MICROSECONDS),
    frame,
    originalLength: frame.length,
    linkType: 1,
    precision: 'micro',
    ...link,
  };
}

function simple(frame: Buffer, originalLength = frame.length): CapturedPacket {
  return { ...expected({ ...packetOf(0), frame }), seconds: 0, fraction: 0, originalLength };
}

function captureOf(
  name: string,
  blocks: readonly Block[],
  packets: readonly CapturedPacket[],
): Capture {
  return { name, bytes: pcapngFile(blocks), packets };
}
