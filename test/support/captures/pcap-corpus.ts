import { type ByteOrder, pcapFile, type PcapHeader, type PcapPacket } from '../pcap-file.js';
import { frameOf, type Capture } from './capture.js';
import { earlyPcapFile, modifiedPcapFile } from './old-pcap-file.js';

const SECONDS = 1_700_000_000;
const FILE_HEADER_BYTES = 24;
const BYTE_ORDERS: readonly ByteOrder[] = ['little', 'big'];

/** LINKTYPE_ numbers, one of each family that people capture; Ethernet is in all other files. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  null: 0,
  ppp: 9,
  raw: 101,
  'cisco-hdlc': 104,
  'ieee802-11': 105,
  'linux-sll': 113,
  'ieee802-11-radiotap': 127,
  'bluetooth-hci-h4': 187,
  'usb-linux': 189,
  'usb-linux-mmapped': 220,
  can: 227,
  nflog: 239,
  'linux-sll2': 276,
  highest: 65_535,
};

const PLAIN: readonly Required<PcapPacket>[] = [0, 1, 2].map((number) => ({
  seconds: SECONDS + number,
  fraction: number * 333_333,
  frame: frameOf(number, 60 + number),
  originalLength: 60 + number + (number % 2) * 1454,
}));

/** Classic pcap files: whole ones, odd ones and damaged ones. */
export function pcapCorpus(): Capture[] {
  return [...linkTypes(), ...forms(), ...oldForms(), ...oddPackets(), ...damaged()];
}

function linkTypes(): Capture[] {
  return Object.entries(LINK_TYPES).map(([name, linkType]) =>
    captureOf(`pcap-link-type-${name}`, PLAIN, { linkType }),
  );
}

function forms(): Capture[] {
  return [
    ...BYTE_ORDERS.flatMap((byteOrder) =>
      (['micro', 'nano'] as const).map((precision) =>
        captureOf(`pcap-${byteOrder}-endian-${precision}`, PLAIN, { byteOrder, precision }),
      ),
    ),
    captureOf('pcap-no-packet', [], {}),
    captureOf('pcap-snap-length-0', PLAIN, { snapLength: 0 }),
    captureOf('pcap-snap-length-2-to-the-31', PLAIN, { snapLength: 2 ** 31 }),
    captureOf('pcap-snap-length-too-small', PLAIN, { snapLength: 14 }),
    // A frame check sequence of 4 bytes.
    captureOf('pcap-fcs-length', PLAIN, { linkType: 0x4400_0001 }),
  ];
}

function oldForms(): Capture[] {
  const packets = captured(PLAIN, {});
  return BYTE_ORDERS.flatMap((byteOrder) => [
    {
      name: `pcap-modified-${byteOrder}-endian`,
      bytes: modifiedPcapFile({ packets: PLAIN, byteOrder }),
      packets,
    },
    ...[
      { minor: 2, originalFirst: true },
      { minor: 3, originalFirst: true },
      { minor: 3, originalFirst: false },
    ].map((form) => ({
      name: `pcap-2.${form.minor}-${byteOrder}-endian-${form.originalFirst ? 'original' : 'captured'}-first`,
      bytes: earlyPcapFile({ packets: PLAIN, byteOrder, ...form }),
      packets,
    })),
  ]);
}

function oddPackets(): Capture[] {
  const frame = frameOf(1);
  const one = (packet: Partial<PcapPacket>): Required<PcapPacket>[] => [
    { seconds: SECONDS, fraction: 5, frame, originalLength: frame.length, ...packet },
  ];
  return [
    captureOf('pcap-zero-length', one({ frame: Buffer.alloc(0), originalLength: 0 }), {}),
    captureOf('pcap-nothing-captured', one({ frame: Buffer.alloc(0), originalLength: 1514 }), {}),
    captureOf('pcap-captured-more-than-original', one({ originalLength: 10 }), {}),
    captureOf('pcap-microseconds-past-a-second', one({ fraction: 1_000_000 }), {}),
    captureOf('pcap-microseconds-of-all-bits', one({ fraction: 0xffff_ffff }), {}),
    captureOf('pcap-nanoseconds-past-a-second', one({ fraction: 1_000_000_001 }), {
      precision: 'nano',
    }),
    captureOf('pcap-time-0', one({ seconds: 0, fraction: 0 }), {}),
    captureOf('pcap-last-second', one({ seconds: 0xffff_ffff, fraction: 999_999 }), {}),
  ];
}

function damaged(): Capture[] {
  const bytes = pcapFile({ packets: PLAIN });
  const lastAt = bytes.length - 16 - 62;
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(bytes);
    change(copy);
    return copy;
  };
  const two = captured(PLAIN.slice(0, 2), {});
  const cutOff = 'the last packet is cut off';
  return [
    { name: 'pcap-cut-in-frame', bytes: bytes.subarray(0, -1), packets: two, problem: cutOff },
    {
      name: 'pcap-cut-in-record-header',
      bytes: bytes.subarray(0, lastAt + 3),
      packets: two,
      problem: cutOff,
    },
    {
      name: 'pcap-cut-in-file-header',
      bytes: bytes.subarray(0, FILE_HEADER_BYTES - 1),
      packets: [],
      problem: 'not a pcap file: it ends too early',
    },
    {
      name: 'pcap-absurd-length',
      bytes: changed((copy) => copy.writeUInt32LE(0xffff_ffff, lastAt + 8)),
      packets: two,
      problem: 'damaged: a record claims to hold 4294967295 bytes',
    },
    {
      name: 'pcap-version-3',
      bytes: changed((copy) => copy.writeUInt16LE(3, 4)),
      packets: [],
      problem: "version 3.4 of pcap can't be read",
    },
    {
      name: 'empty',
      bytes: Buffer.alloc(0),
      packets: [],
      problem: 'not a pcap or pcapng file: it ends too early',
    },
    {
      name: 'text',
      bytes: Buffer.from('This is not a capture file.\n'),
      packets: [],
      problem: 'not a pcap or pcapng file',
    },
  ];
}

function captureOf(
  name: string,
  packets: readonly Required<PcapPacket>[],
  header: Partial<PcapHeader>,
): Capture {
  return { name, bytes: pcapFile({ packets, ...header }), packets: captured(packets, header) };
}

function captured(
  packets: readonly Required<PcapPacket>[],
  { linkType = 1, precision = 'micro' }: Partial<PcapHeader>,
): Capture['packets'] {
  return packets.map((packet) => ({ ...packet, linkType: linkType & 0xffff, precision }));
}
