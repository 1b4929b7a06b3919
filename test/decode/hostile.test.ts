import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeLayer, decodeToTransport } from '#kcap/decode/decode-layer.js';
import { Layer } from '#kcap/decode/layer.js';
import { PacketText } from '#kcap/decode/text/packet-text.js';

import { batchOf } from '../packet/packets.js';
import { random32 } from '../support/random32.js';
import { type KnownPacket, LIKE_TCPDUMP, OWN_LINES } from './known-packets.js';

const KNOWN: readonly KnownPacket[] = [...LIKE_TCPDUMP, ...OWN_LINES];
const LINK_TYPES = [0, 1, 9, 12, 50, 51, 101, 105, 108, 113, 127, 147, 204, 228, 276];
const MUTATIONS = 10_000;
/** What follows a packet in its batch: what is read of it shows in the difference. */
const AFTERWARDS = [Buffer.alloc(300), Buffer.alloc(300, 0xff)];
const PRINTABLE = /^[\x20-\x7e\n\t]*$/;

const printers = [true, false].map(
  (verbose) => new PacketText({ verbose, dump: 'none', colours: false }),
);

/** Prints a packet between others, and says what is wrong with that. */
function assertPrintable(packet: KnownPacket, originalLength = packet.frame.length): void {
  for (const printer of printers) {
    const [text = '', other] = AFTERWARDS.map((after) => {
      const { frame, linkType } = packet;
      const batch = batchOf(
        [
          { seconds: 0, fraction: 0, frame, originalLength },
          { seconds: 0, fraction: 0, frame: after },
        ],
        { linkType },
      );
      const printed = printer.print(batch).toString('latin1');
      const [line = ''] = printed.split(/\n(?=\d\d:\d\d:\d\d\.)/);
      return line;
    });
    const what = `link type ${packet.linkType}, ${packet.frame.toString('hex')}`;
    assert.match(text, PRINTABLE, what);
    // A time, and something after it.
    assert.ok(text.length > '00:00:00.000000 '.length, what);
    // A stream that the first packet began has other numbers in the second.
    if (!text.includes('Flags [')) assert.equal(text, other, `bytes beyond the packet: ${what}`);
  }
  assertWithin(packet);
}

/** Walks through the layers: always within the packet, and to an end. */
function assertWithin({ linkType, frame }: KnownPacket): void {
  const cursor = new PacketCursor();
  cursor.begin(batchOf([{ seconds: 0, fraction: 0, frame }], { linkType }));
  assert.ok(cursor.next());
  let steps = 0;
  while (cursor.layer !== Layer.Data) {
    decodeLayer(cursor);
    assert.ok(cursor.frameAt <= cursor.at && cursor.at <= cursor.frameEnd, String(cursor.at));
    assert.ok(cursor.end <= cursor.frameEnd && cursor.at <= cursor.end);
    assert.ok(++steps < 1000, 'it does not end');
  }
  const atOnce = new PacketCursor();
  atOnce.begin(batchOf([{ seconds: 0, fraction: 0, frame }], { linkType }));
  assert.ok(atOnce.next());
  if (decodeToTransport(atOnce)) assert.deepEqual(factsOf(atOnce), factsOf(cursor));
}

/** What is known of a packet that is no fragment. */
function factsOf(cursor: PacketCursor): readonly (number | boolean)[] {
  return [
    ...[cursor.layer, cursor.at, cursor.end, cursor.wireEnd, cursor.trouble, cursor.tunnels],
    ...[cursor.macAt, cursor.etherType, cursor.vlanTag, cursor.ipVersion, cursor.ipAt],
    ...[cursor.sourceAt, cursor.destinationAt, cursor.protocol, cursor.isFragment],
    ...[cursor.transport, cursor.transportAt, cursor.sourcePort, cursor.destinationPort],
  ];
}

function mutated(random: (below: number) => number): KnownPacket {
  const packet = KNOWN[random(KNOWN.length)];
  assert.ok(packet);
  const frame = Buffer.from(packet.frame);
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(frame.length);
    frame[at] = random(2) === 0 ? random(256) : ([0, 0xff, 0x80, 0x7f][random(4)] ?? 0);
  }
  const length = random(3) === 0 ? random(frame.length) : frame.length;
  // Now and then as another link type, to which it is noise.
  const linkType = random(8) === 0 ? (LINK_TYPES[random(LINK_TYPES.length)] ?? 1) : packet.linkType;
  return { what: packet.what, linkType, frame: frame.subarray(0, length) };
}

describe('hostile packets', () => {
  test('print as printable ASCII, and nothing beyond them is read: mutations', () => {
    const random = random32(20_261_128);
    for (let i = 0; i < MUTATIONS; i++) {
      const packet = mutated(random);
      assertPrintable(packet, packet.frame.length + random(2) * 1000);
    }
  });

  test('print as printable ASCII, and nothing beyond them is read: noise of each link type', () => {
    const random = random32(7);
    for (const linkType of LINK_TYPES)
      for (let i = 0; i < 200; i++) {
        const frame = Buffer.from(Array.from({ length: random(120) }, () => random(256)));
        assertPrintable({ what: 'noise', linkType, frame });
      }
  });

  test('every cut of every known packet prints', () => {
    for (const packet of KNOWN)
      for (let length = 0; length < packet.frame.length; length++)
        assertPrintable(
          { ...packet, frame: packet.frame.subarray(0, length) },
          packet.frame.length,
        );
  });
});
