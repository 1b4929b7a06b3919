import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeToTransport } from '#kcap/decode/decode-layer.js';
import { Reassembler } from '#kcap/decode/reassembly/reassembler.js';

import { batchOf } from '../../packet/packets.js';
import { fragment4, fragment6, piecesOf } from '../../support/fragments.js';
import {
  ethernet,
  gre,
  ipv4,
  ipv6,
  IPV6_ENDS,
  tcp,
  u16,
  u32,
  u8,
  udp,
} from '../../support/frames.js';
import { type Decoded, decodeAll, type TimedPacket } from './reassembling.js';

const SECOND = 1_000_000;
const TEXT = 'an INVITE that does not fit into one packet, and comes in several';
const WHOLE = udp([5060, 5062], Buffer.from(TEXT));
const WHOLE6 = udp([5060, 5062], Buffer.from(TEXT), { addresses: IPV6_ENDS });
const PIECES = piecesOf(WHOLE, [16, 48]);
const PIECES6 = piecesOf(WHOLE6, [16, 48]);
const ETHER4 = 0x0800;
const ETHER6 = 0x86dd;

const frame4 = (piece: (typeof PIECES)[number], header = {}) =>
  ethernet(ETHER4, fragment4(piece, header));
const frame6 = (piece: (typeof PIECES)[number], header = {}) =>
  ethernet(ETHER6, fragment6(piece, header));
const [FIRST, SECOND_PIECE, THIRD] = PIECES.map((piece) => frame4(piece)) as [
  Buffer,
  Buffer,
  Buffer,
];

function piece(offset: number, content: string, isLast = false) {
  return { offset, content: Buffer.from(content, 'latin1'), isLast };
}

/** A first piece with a header of UDP for so many bytes of content. */
function firstPiece(content: string, bytes: number) {
  return piece(0, u16(1, 2, 8 + bytes, 0).toString('latin1') + content);
}

function contents(decoded: readonly Decoded[]): string[] {
  return decoded.map(({ content }) => content);
}

function assertWhole(frames: readonly (Buffer | TimedPacket)[]): Reassembler {
  const reassembler = new Reassembler();
  const decoded = decodeAll(reassembler, frames);
  assert.deepEqual(contents(decoded), [TEXT]);
  assert.deepEqual(decoded[0]?.ports, [5060, 5062]);
  return reassembler;
}

describe('IP reassembly', () => {
  for (const [order, indices] of Object.entries({
    'in order': [0, 1, 2],
    backwards: [2, 1, 0],
    'the last one first': [2, 0, 1],
    'the first one last': [1, 2, 0],
  }))
    for (const [version, pieces, frameOf] of [
      ['IPv4', PIECES, frame4],
      ['IPv6', PIECES6, frame6],
    ] as const)
      test(`puts a datagram together, ${version}, ${order}`, () => {
        const frames = indices.map((index) => frameOf(pieces[index] ?? assert.fail()));
        const { datagrams, fragmentsMerged, fragmentsHeld } = assertWhole(frames);
        assert.deepEqual([datagrams, fragmentsMerged, fragmentsHeld], [1, 2, 0]);
      });

  test('leaves the whole datagram behind an IP header, as if it had come in one packet', () => {
    for (const [version, type, fragments, payloadAt] of [
      [4, ETHER4, PIECES.map((part) => fragment4(part)), 28],
      [6, ETHER6, PIECES6.map((part) => fragment6(part)), 48],
    ] as const) {
      const reassembler = new Reassembler();
      const cursor = new PacketCursor();
      const frames = fragments.map((fragment) => ethernet(type, fragment));
      cursor.begin(batchOf(frames.map((frame) => ({ seconds: 0, fraction: 0, frame }))));
      for (let count = 0; count < 3; count++) {
        assert.ok(cursor.next());
        assert.equal(decodeToTransport(cursor), false);
        assert.equal(reassembler.add(cursor), count === 2);
      }
      assert.ok(decodeToTransport(cursor));
      assert.deepEqual(
        [cursor.ipVersion, cursor.protocol, cursor.at, cursor.end, cursor.wireEnd],
        [version, 17, payloadAt, payloadAt + TEXT.length, payloadAt + TEXT.length],
      );
      const expected =
        version === 4
          ? ipv4(17, WHOLE, { id: 77, fragment: 0 })
          : ipv6(17, WHOLE6, { source: IPV6_ENDS.source, destination: IPV6_ENDS.destination });
      assert.deepEqual(cursor.bytes.subarray(0, cursor.end), expected);
    }
  });

  test('goes back to the batch with the next packet, and with a restart', () => {
    const reassembler = new Reassembler();
    const cursor = new PacketCursor();
    const frames = [...PIECES.map((part) => frame4(part)), ethernet(ETHER4, ipv4(17, WHOLE))];
    const batch = batchOf(frames.map((frame) => ({ seconds: 0, fraction: 0, frame })));
    cursor.begin(batch);
    for (let count = 0; count < 3; count++) {
      assert.ok(cursor.next());
      decodeToTransport(cursor);
      reassembler.add(cursor);
    }
    assert.notEqual(cursor.bytes, batch.bytes);
    cursor.restart();
    assert.equal(cursor.bytes, batch.bytes);
    assert.equal(decodeToTransport(cursor), false);
    assert.equal(cursor.fragmentOffset, 48);
    assert.ok(cursor.next());
    assert.ok(decodeToTransport(cursor));
    assert.equal(cursor.bytes.toString('latin1', cursor.at, cursor.end), TEXT);
    assert.equal(cursor.next(), false);
  });

  test('looks behind the extension headers that a first fragment holds', () => {
    const options = Buffer.concat([u8(17, 0, 1, 4), u32(0)]);
    const pieces = piecesOf(Buffer.concat([options, WHOLE6]), [8, 24]);
    assertWhole(pieces.map((part) => frame6(part, { protocol: 60 })));
  });

  test('keeps apart what differs in addresses, protocol or identification', () => {
    const others = [
      { id: 78 },
      { protocol: 6 },
      { source: '192.0.2.9' },
      { destination: '192.0.2.9' },
    ];
    const headers = [{}, ...others];
    const frames = [0, 1, 2].flatMap((index) =>
      headers.map((header) => frame4(PIECES[index] ?? assert.fail(), header)),
    );
    const reassembler = new Reassembler();
    // The one that says it is TCP is whole, too, but as TCP too short.
    assert.equal(decodeAll(reassembler, frames).length >= 4, true);
    assert.equal(reassembler.datagrams, 5);
  });

  test('puts datagrams together within tunnels, and tunnels that came in fragments', () => {
    const inner = PIECES.map((part) => fragment4(part, { source: '10.0.0.1', id: 5 }));
    const frames = inner.flatMap((fragment, index) => {
      const tunnel = gre(0, ETHER4, Buffer.alloc(0), fragment);
      // Each fragment's tunnel is itself cut in two.
      const cut = piecesOf(tunnel, [16]);
      return cut.map((part) => frame4(part, { protocol: 47, id: 100 + index }));
    });
    const reassembler = new Reassembler();
    const [decoded, ...more] = decodeAll(reassembler, frames);
    assert.deepEqual([decoded?.content, decoded?.source, more.length], [TEXT, '0a000001', 0]);
    assert.deepEqual([reassembler.datagrams, reassembler.fragmentsMerged], [4, 5]);
  });

  test('does not mix a datagram with one in a tunnel', () => {
    const inTunnel = ethernet(ETHER4, ipv4(4, fragment4(PIECES[1] ?? assert.fail())));
    const reassembler = new Reassembler();
    assert.equal(decodeAll(reassembler, [FIRST, inTunnel, THIRD]).length, 0);
    assert.equal(decodeAll(reassembler, [SECOND_PIECE]).length, 1);
  });

  test('takes a datagram of the largest size, and none that is larger', () => {
    const content = Buffer.alloc(65_507, 'x');
    const datagram = udp([1, 2], content);
    const cuts = Array.from({ length: 44 }, (_, index) => (index + 1) * 1480);
    const reassembler = new Reassembler();
    const frames = piecesOf(datagram, cuts).map((part) => frame4(part));
    assert.equal(decodeAll(reassembler, frames)[0]?.content.length, 65_507);
    assert.deepEqual(
      decodeAll(reassembler, [frame4({ offset: 65_512, content: Buffer.alloc(8), isLast: true })]),
      [],
    );
    assert.equal(reassembler.malformed, 1);
  });

  test('holds no more fragments, and none longer, than it is told', () => {
    const few = new Reassembler({ fragments: 2 });
    const other = frame4(PIECES[0] ?? assert.fail(), { id: 99 });
    decodeAll(few, [FIRST, SECOND_PIECE, other]);
    assert.deepEqual([few.evicted, few.fragmentsHeld, few.fragmentsDropped], [1, 1, 2]);
    // A datagram of more fragments than that still comes together: nothing else could give way.
    assert.deepEqual(contents(decodeAll(few, [FIRST, SECOND_PIECE, THIRD])), [TEXT]);

    const hasty = new Reassembler({ lifeMs: 100 });
    decodeAll(hasty, [FIRST, SECOND_PIECE, { frame: THIRD, time: 0.2 * SECOND }]);
    assert.deepEqual([hasty.datagrams, hasty.reassemblyTimeouts], [0, 1]);
  });

  test('ignores what comes twice, before the datagram is whole and shortly after', () => {
    const frames = [FIRST, FIRST, SECOND_PIECE, SECOND_PIECE, THIRD, THIRD, FIRST];
    const reassembler = assertWhole(frames);
    assert.deepEqual([reassembler.duplicates, reassembler.fragmentsDropped], [4, 4]);
    assert.equal(reassembler.overlapping, 0);
  });

  test('takes the same identification again for another datagram', () => {
    const frames = [FIRST, SECOND_PIECE, THIRD];
    const reassembler = new Reassembler();
    const again = frames.map((frame) => ({ frame, time: 0.2 * SECOND }));
    assert.deepEqual(contents(decodeAll(reassembler, [...frames, ...again])), [TEXT, TEXT]);
  });

  test('keeps the first data of overlapping fragments in IPv4', () => {
    const reassembler = new Reassembler();
    const decoded = decodeAll(reassembler, [
      frame4(firstPiece('aaaaaaaa', 32)),
      frame4(piece(24, 'cccccccc')),
      // Over the first, the hole, and the third one; then to the end.
      frame4(piece(8, 'XXXXXXXXbbbbbbbbXXXXXXXX')),
      frame4(piece(32, 'dddddddd', true)),
    ]);
    assert.deepEqual(contents(decoded), ['aaaaaaaabbbbbbbbccccccccdddddddd']);
    assert.equal(reassembler.overlapping, 1);
  });

  test('discards a datagram of IPv6 with overlapping fragments, and what comes of it later', () => {
    const [first, second, third] = PIECES6;
    assert.ok(first && second && third);
    const overlap = { ...second, content: Buffer.from(second.content).fill('X') };
    const reassembler = new Reassembler();
    const frames = [first, second, overlap, third, first, second].map((part) => frame6(part));
    assert.deepEqual(decodeAll(reassembler, frames), []);
    assert.deepEqual(
      [reassembler.overlapping, reassembler.fragmentsDropped, reassembler.fragmentsHeld],
      [1, 6, 0],
    );
    // Until the datagram would have been given up.
    const later = PIECES6.map((part) => ({ frame: frame6(part), time: 31 * SECOND }));
    assert.deepEqual(contents(decodeAll(reassembler, later)), [TEXT]);
  });

  test('ignores an exact copy of a fragment in IPv6', () => {
    const frames = [0, 1, 1, 0, 2].map((index) => frame6(PIECES6[index] ?? assert.fail()));
    assert.equal(assertWhole(frames).duplicates, 2);
  });

  test('waits for 30 s by the time of packets', () => {
    for (const precision of ['micro', 'nano'] as const) {
      const at = (time: number, late: number): [TimedPacket, ...TimedPacket[]] => [
        { frame: FIRST, time },
        { frame: SECOND_PIECE, time },
        { frame: THIRD, time: time + late },
      ];
      const inTime = new Reassembler();
      assert.equal(decodeAll(inTime, at(1_700_000_000 * SECOND, 30 * SECOND), precision).length, 1);
      const tooLate = new Reassembler();
      assert.equal(decodeAll(tooLate, at(0, 30 * SECOND + 1), precision).length, 0);
      assert.deepEqual([tooLate.reassemblyTimeouts, tooLate.fragmentsHeld], [1, 1]);
    }
  });

  test('counts what has not become whole, on request and at the end', () => {
    const reassembler = new Reassembler();
    decodeAll(reassembler, [
      { frame: FIRST, time: 0 },
      { frame: frame4(PIECES[0] ?? assert.fail(), { id: 1 }), time: 10 * SECOND },
    ]);
    reassembler.expire(30 * SECOND);
    assert.equal(reassembler.reassemblyTimeouts, 0);
    reassembler.expire(30 * SECOND + 1);
    assert.deepEqual([reassembler.reassemblyTimeouts, reassembler.fragmentsHeld], [1, 1]);
    reassembler.finish();
    assert.deepEqual([reassembler.reassemblyTimeouts, reassembler.fragmentsHeld], [2, 0]);
  });

  test('begins anew where time goes backwards by more than 30 s', () => {
    const reassembler = new Reassembler();
    const frames = [FIRST, SECOND_PIECE, THIRD].map((frame) => ({ frame, time: 0 }));
    decodeAll(reassembler, [{ frame: FIRST, time: 3600 * SECOND }]);
    assert.deepEqual(contents(decodeAll(reassembler, frames)), [TEXT]);
    assert.equal(reassembler.reassemblyTimeouts, 1);
  });

  test('gives up the oldest datagram where there are too many', () => {
    const reassembler = new Reassembler({ datagrams: 2, bytes: 1024 * 1024 });
    const first = [1, 2, 3].map((id) => frame4(PIECES[0] ?? assert.fail(), { id }));
    decodeAll(reassembler, first);
    assert.deepEqual([reassembler.evicted, reassembler.fragmentsHeld], [1, 2]);
    const rest = [2, 3].flatMap((id) => PIECES.slice(1).map((part) => frame4(part, { id })));
    assert.deepEqual(contents(decodeAll(reassembler, rest)), [TEXT, TEXT]);
  });

  test('gives up the oldest datagram where memory is short, but not the one at hand', () => {
    // Memory for one datagram: 16 pages.
    const reassembler = new Reassembler({ datagrams: 100, bytes: 65_536 });
    const large = udp([1, 2], Buffer.alloc(60_000, 'y'));
    const cuts = Array.from({ length: 40 }, (_, index) => (index + 1) * 1480);
    const pieces = piecesOf(large, cuts);
    const [start, ...others] = pieces.map((part) => frame4(part, { id: 1 }));
    assert.ok(start);
    const small = [2, 3, 4].map((id) => frame4(PIECES[0] ?? assert.fail(), { id }));
    assert.equal(decodeAll(reassembler, [start, ...small, ...others])[0]?.content.length, 60_000);
    assert.equal(reassembler.evicted, 3 - (16 - Math.ceil(60_008 / 4096)));
  });

  test('ignores fragments that contradict IP or one another', () => {
    const reassembler = new Reassembler();
    const hostile = [
      piece(0, 'not a multiple of 8'),
      piece(8, '', false),
      piece(8, '', true),
      { ...piece(65_528, 'much too far away'), isLast: true },
    ];
    decodeAll(
      reassembler,
      hostile.map((part) => frame4(part)),
    );
    assert.deepEqual([reassembler.malformed, reassembler.fragmentsHeld], [4, 0]);
    // An end before what there is, a second end, something behind the end.
    const contradicting = [
      piece(8, 'an end', true),
      piece(48, 'an end', true),
      piece(4096, 'longer..'),
    ];
    const [first, second, third] = PIECES;
    assert.ok(first && second && third);
    const frames = [second, contradicting[0], third, contradicting[1], contradicting[2], first].map(
      (part) => frame4(part ?? assert.fail()),
    );
    assert.deepEqual(contents(decodeAll(reassembler, frames)), [TEXT]);
    assert.equal(reassembler.malformed, 7);
  });

  test('ignores fragments that were not captured to their end', () => {
    const reassembler = new Reassembler();
    const cut = FIRST.subarray(0, FIRST.length - 3);
    decodeAll(reassembler, [{ frame: cut, originalLength: FIRST.length }]);
    assert.deepEqual([reassembler.cut, reassembler.fragmentsDropped], [1, 1]);
    assert.equal(decodeAll(reassembler, [FIRST, SECOND_PIECE, THIRD]).length, 1);
  });

  test('goes on after a datagram that carries TCP', () => {
    const segment = tcp([443, 50_000], Buffer.from(TEXT));
    const frames = piecesOf(segment, [24]).map((part) => frame4(part, { protocol: 6 }));
    const decoded = decodeAll(new Reassembler(), frames);
    assert.deepEqual([decoded[0]?.ports, decoded[0]?.content], [[443, 50_000], TEXT]);
  });
});
