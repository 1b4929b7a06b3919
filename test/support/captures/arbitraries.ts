import fc from 'fast-check';

import { type ByteOrder, pcapFile, type PcapPacket } from '../pcap-file.js';
import type { Capture, CapturedPacket } from './capture.js';
import { earlyPcapFile, modifiedPcapFile } from './old-pcap-file.js';
import {
  pcapngFile,
  type Block,
  type Interface,
  type SimplePacket,
  type TimedPacket,
} from './pcapng-file.js';

/** Random captures of all formats that kcap reads, and what is to be read of them. */

const MAX_SECONDS = 0xffff_ffffn;
const uint32 = fc.nat({ max: 0xffff_ffff });
const linkTypes = fc.oneof(fc.constantFrom(1, 101, 113), fc.nat({ max: 0xffff }));
const byteOrders = fc.constantFrom<ByteOrder>('little', 'big');
const frames = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));

const pcapPackets: fc.Arbitrary<Required<PcapPacket>[]> = fc.array(
  fc.record(
    { seconds: uint32, fraction: uint32, frame: frames, originalLength: uint32 },
    { noNullPrototype: true },
  ),
);

const pcapCapture: fc.Arbitrary<Capture> = fc
  .record({
    packets: pcapPackets,
    byteOrder: byteOrders,
    precision: fc.constantFrom('micro' as const, 'nano' as const),
    linkType: uint32,
    snapLength: uint32,
  })
  .map((description) => ({
    name: 'pcap',
    bytes: pcapFile(description),
    packets: description.packets.map((packet) => ({
      ...packet,
      linkType: description.linkType & 0xffff,
      precision: description.precision,
    })),
  }));

const oldPcapCapture: fc.Arbitrary<Capture> = fc
  .record({
    // Where either length may come first, the captured one must be the lesser.
    packets: pcapPackets.map((packets) =>
      packets.map((packet) => ({
        ...packet,
        originalLength: Math.max(packet.originalLength, packet.frame.length),
      })),
    ),
    byteOrder: byteOrders,
    linkType: linkTypes,
    form: fc.constantFrom('modified', '2.2', '2.3 original first', '2.3 captured first'),
  })
  .map(({ form, ...description }) => ({
    name: form,
    bytes:
      form === 'modified'
        ? modifiedPcapFile(description)
        : earlyPcapFile({
            ...description,
            minor: form === '2.2' ? 2 : 3,
            originalFirst: form !== '2.3 captured first',
          }),
    packets: description.packets.map((packet) => ({
      ...packet,
      linkType: description.linkType,
      precision: 'micro' as const,
    })),
  }));

const interfaces: fc.Arbitrary<Interface> = fc.record(
  {
    kind: fc.constant('interface' as const),
    linkType: linkTypes,
    snapLength: fc.constantFrom(0, 32, 262_144),
    name: fc.constantFrom('eth0', 'any', 'Wi–Fi'),
    resolution: fc.oneof(fc.constantFrom(6, 9, 3, 0x8a), fc.nat({ max: 255 })),
    offset: fc.oneof(
      fc.constantFrom(0n, 3600n, -3600n),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
  },
  { requiredKeys: ['kind', 'linkType'] },
);

/** Mostly of our time in one of the usual resolutions. */
const ticks = fc.oneof(
  fc.bigInt({ min: 1_600_000_000_000_000n, max: 1_800_000_000_000_000n }),
  fc.bigInt({ min: 1_600_000_000_000_000_000n, max: 1_800_000_000_000_000_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

const timedPackets: fc.Arbitrary<TimedPacket> = fc.record(
  {
    kind: fc.constantFrom('enhanced' as const, 'obsolete' as const),
    interfaceId: fc.nat({ max: 3 }),
    ticks,
    frame: frames,
    originalLength: uint32,
    comment: fc.string({ maxLength: 10 }),
  },
  { requiredKeys: ['kind', 'interfaceId', 'ticks', 'frame'] },
);

/** Cut where the section's first interface says so. */
const simplePackets: fc.Arbitrary<SimplePacket> = frames.map((frame) => ({
  kind: 'simple',
  frame,
}));

const otherBlocks: fc.Arbitrary<Block> = fc
  .record({ type: fc.constantFrom(4, 5, 9, 10, 0xbad, 0x7fff_ffff), body: frames })
  .map((block) => ({ kind: 'other', ...block }));

const sections = fc.record({
  byteOrder: byteOrders,
  blocks: fc.array(
    fc.oneof(
      { weight: 2, arbitrary: interfaces },
      { weight: 6, arbitrary: timedPackets },
      { weight: 1, arbitrary: simplePackets },
      { weight: 1, arbitrary: otherBlocks },
    ),
    { maxLength: 20 },
  ),
});

const pcapngCapture: fc.Arbitrary<Capture> = fc
  .array(sections, { minLength: 1, maxLength: 4 })
  .map((described) => {
    const made = described.map(({ byteOrder, blocks }) => readable(byteOrder, blocks));
    return {
      name: 'pcapng',
      bytes: pcapngFile(made.flatMap(({ blocks }) => blocks)),
      packets: made.flatMap(({ packets }) => packets),
      unusable: {
        timesOutOfRange: made.reduce((sum, { timesOutOfRange }) => sum + timesOutOfRange, 0),
        unknownInterfaces: made.reduce((sum, { unknownInterfaces }) => sum + unknownInterfaces, 0),
      },
    };
  });

export const captures: fc.Arbitrary<Capture> = fc.oneof(pcapCapture, oldPcapCapture, {
  weight: 3,
  arbitrary: pcapngCapture,
});

/** A section, and what is to be read of it. */
function readable(
  byteOrder: ByteOrder,
  described: readonly Block[],
): {
  blocks: Block[];
  packets: CapturedPacket[];
  timesOutOfRange: number;
  unknownInterfaces: number;
} {
  const blocks: Block[] = [{ kind: 'section', byteOrder }];
  const known: Interface[] = [];
  const packets: CapturedPacket[] = [];
  let timesOutOfRange = 0;
  let unknownInterfaces = 0;
  for (const block of described) {
    if (block.kind === 'interface') known.push(block);
    if (block.kind !== 'simple' && block.kind !== 'enhanced' && block.kind !== 'obsolete') {
      blocks.push(block);
      continue;
    }
    const from = known[block.kind === 'simple' ? 0 : block.interfaceId];
    const originalLength = block.originalLength ?? block.frame.length;
    const written = block.kind === 'simple' ? cut({ ...block, originalLength }, from) : block;
    blocks.push(written);
    const time =
      block.kind === 'simple' ? { seconds: 0n, fraction: 0n } : from && timeOf(block.ticks, from);
    if (!from || !time) unknownInterfaces++;
    else if (time.seconds < 0n || time.seconds > MAX_SECONDS) timesOutOfRange++;
    else
      packets.push({
        seconds: Number(time.seconds),
        fraction: Number(time.fraction),
        frame: written.frame,
        originalLength,
        linkType: from.linkType,
        precision: partsOf(from) === 1_000_000n ? 'micro' : 'nano',
        ...(from.name === undefined ? {} : { interface: from.name }),
      });
  }
  return { blocks, packets, timesOutOfRange, unknownInterfaces };
}

function cut(packet: SimplePacket, from: Interface | undefined): SimplePacket {
  const snapLength = from?.snapLength ?? 0;
  return { ...packet, frame: packet.frame.subarray(0, snapLength || packet.frame.length) };
}

/** The definition in numbers of any length: draft-ietf-opsawg-pcapng, sections 4.2 and 4.3. */
function timeOf(
  ticks: bigint,
  { resolution = 6, offset = 0n }: Interface,
): { seconds: bigint; fraction: bigint } {
  const perSecond = ticksPerSecond(resolution);
  const parts = partsOf({ resolution });
  return {
    seconds: ticks / perSecond + offset,
    fraction: ((ticks % perSecond) * parts) / perSecond,
  };
}

function ticksPerSecond(resolution: number): bigint {
  return (resolution < 128 ? 10n : 2n) ** BigInt(resolution % 128);
}

/** What fractions count: millionths of a second where these hold each tick, otherwise billionths. */
function partsOf({ resolution = 6 }: Pick<Interface, 'resolution'>): bigint {
  return 1_000_000n % ticksPerSecond(resolution) === 0n ? 1_000_000n : 1_000_000_000n;
}
