import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeWhole } from '#kcap/decode/reassembly/decode-whole.js';
import { Reassembler } from '#kcap/decode/reassembly/reassembler.js';
import { pcapFile } from '#support/pcap-file.js';
import { fragment4, piecesOf } from '#support/fragments.js';
import { ethernet, udp } from '#support/frames.js';

/**
 * `node dist-bench/reassembly.js [SECONDS]`: how many fragments a second of one core's time are decoded and reassembled, from memory.
 * Datagrams of 2,000 bytes in two fragments, as an INVITE with SDP makes them, in order, interleaved, and a flood of
 * first fragments alone.
 */

const SECONDS = Number(process.argv[2] ?? 3);
const DATAGRAMS = 1000;
const FILE_HEADER_BYTES = 24;
/** Each round is later than the one before, as identifications come again. */
const STEP_SECONDS = 31;

const pairs = Array.from({ length: DATAGRAMS }, (_, index) => {
  const datagram = udp([5060, 5060], Buffer.alloc(2000, 'x'));
  const id = index;
  return piecesOf(datagram, [1480]).map((piece) => ethernet(0x0800, fragment4(piece, { id })));
});
const cases = {
  'in order': pairs.flat(),
  'the last one first': pairs.flatMap((pair) => pair.toReversed()),
  interleaved: [...pairs.map(([first]) => first), ...pairs.map(([, last]) => last)],
  'first fragments alone': pairs.map(([first]) => first),
};

for (const [name, frames] of Object.entries(cases)) {
  const packets = frames.map((frame) => ({
    seconds: 0,
    fraction: 0,
    frame: frame ?? Buffer.alloc(0),
  }));
  const bytes = pcapFile({ packets }).subarray(FILE_HEADER_BYTES);
  const batch = {
    bytes,
    count: packets.length,
    link: { linkType: 1, precision: 'micro', snapLength: 0 },
  } as const;
  const reassembler = new Reassembler();
  const cursor = new PacketCursor();
  const round = (second: number): number => {
    cursor.begin(batch);
    let datagrams = 0;
    while (cursor.next()) {
      cursor.seconds = second;
      if (decodeWhole(cursor, reassembler)) datagrams++;
    }
    return datagrams;
  };
  for (let warmUp = 0; warmUp < 100; warmUp++) round(warmUp * STEP_SECONDS);
  const heap = process.memoryUsage().heapUsed;
  const began = process.cpuUsage();
  let rounds = 0;
  let datagrams = 0;
  let elapsed = 0;
  while (elapsed < SECONDS) {
    datagrams += round((100 + rounds++) * STEP_SECONDS);
    const { user, system } = process.cpuUsage(began);
    elapsed = (user + system) / 1e6;
  }
  const perSecond = Math.round((rounds * frames.length) / elapsed);
  const grown = Math.round((process.memoryUsage().heapUsed - heap) / 1024);
  console.log(`${name}: ${perSecond} fragments/s, ${datagrams} datagrams, heap ${grown} KiB more`);
}
