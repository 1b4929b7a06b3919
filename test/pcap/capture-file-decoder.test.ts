import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { UnusablePackets } from '#kcap/pcap/capture-decoder.js';
import { CaptureFileDecoder } from '#kcap/pcap/capture-file-decoder.js';

import { captures } from '../support/captures/arbitraries.js';
import { corpus } from '../support/captures/corpus.js';
import { decodeInPieces } from './decode-in-pieces.js';

const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 });

describe('whatever a capture holds', () => {
  test('in pieces of any size it comes out as it went in', () => {
    fc.assert(
      fc.property(captures, sizes, (capture, pieces) => {
        const unusable = new UnusablePackets();
        const decoded = decodeInPieces(new CaptureFileDecoder(unusable), capture.bytes, pieces);
        assert.equal(decoded.problem, undefined);
        assert.deepEqual(decoded.packets, capture.packets);
        const { timesOutOfRange, unknownInterfaces } = unusable;
        const none = { timesOutOfRange: 0, unknownInterfaces: 0 };
        assert.deepEqual({ timesOutOfRange, unknownInterfaces }, capture.unusable ?? none);
      }),
      { numRuns: 3000 },
    );
  });

  test('cut off anywhere, what is whole comes out of it', () => {
    fc.assert(
      fc.property(captures, sizes, fc.nat(), (capture, pieces, cut) => {
        const bytes = capture.bytes.subarray(0, cut % (capture.bytes.length + 1));
        const decoder = new CaptureFileDecoder(new UnusablePackets());
        const { packets } = decodeInPieces(decoder, bytes, pieces);
        assert.deepEqual(packets, capture.packets.slice(0, packets.length));
      }),
      { numRuns: 2000 },
    );
  });

  test('damaged anywhere, each packet is whole, and the same in pieces of any size', () => {
    const damages = fc.array(
      fc.record({ at: fc.nat(), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(captures, damages, sizes, (capture, changes, pieces) => {
        const bytes = Buffer.from(capture.bytes);
        for (const { at, byte } of changes) bytes.writeUInt8(byte, at % bytes.length);
        const [first, second] = [new UnusablePackets(), new UnusablePackets()];
        const whole = decodeInPieces(new CaptureFileDecoder(first), bytes);
        assert.deepEqual(decodeInPieces(new CaptureFileDecoder(second), bytes, pieces), whole);
        assert.deepEqual(first, second);
        const counted = first.timesOutOfRange + first.unknownInterfaces;
        // The least that a packet takes.
        assert.ok((whole.packets.length + counted) * 16 <= bytes.length);
      }),
      { numRuns: 3000 },
    );
  });

  test('whatever bytes there are, nothing goes wrong', () => {
    const beginnings = corpus().map(({ bytes }) => bytes.subarray(0, 48));
    fc.assert(
      fc.property(
        fc.constantFrom(...beginnings),
        fc.uint8Array({ maxLength: 300 }),
        sizes,
        (beginning, random, pieces) => {
          // Mostly zeros make lengths that are small enough to be met.
          const bytes = Buffer.from(random.map((byte) => (byte < 200 ? 0 : byte)));
          const decoder = new CaptureFileDecoder(new UnusablePackets());
          decodeInPieces(decoder, Buffer.concat([beginning, bytes]), pieces);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
