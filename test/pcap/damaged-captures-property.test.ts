import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { UnusablePackets } from '#kcap/pcap/capture-decoder.js';
import { CaptureFileDecoder } from '#kcap/pcap/capture-file-decoder.js';

import { corpus } from '../support/captures/corpus.js';
import { damaged } from '../support/captures/damage.js';
import { packetCount } from '../support/captures/packet-count.js';
import { decodeInPieces } from './decode-in-pieces.js';

const files = corpus().map(({ bytes }) => bytes);
const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 });

test('of a damaged capture, each packet up to the damage is given or counted, in pieces of any size', () => {
  fc.assert(
    fc.property(damaged(files), sizes, (file, pieces) => {
      const [first, second] = [new UnusablePackets(), new UnusablePackets()];
      // Decoded where it lies.
      const whole = decodeInPieces(new CaptureFileDecoder(first), Buffer.from(file));
      const inPieces = decodeInPieces(new CaptureFileDecoder(second), Buffer.from(file), pieces);
      assert.deepEqual(inPieces, whole);
      assert.deepEqual(first, second);
      assert.equal(
        whole.packets.length + first.timesOutOfRange + first.unknownInterfaces,
        packetCount(file.subarray(0, whole.consumed)),
      );
    }),
    { numRuns: 10_000 },
  );
});
