import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import type { ByteOutput } from '#kcap/files/byte-output.js';
import { firstPackets, type PacketBatch } from '#kcap/packet/packet-batch.js';
import { PcapngSize, PcapSize, type FileSize } from '#kcap/pcap/file-size.js';
import type { CaptureSink } from '#kcap/sinks/capture-sink.js';
import { PcapSink } from '#kcap/sinks/pcap.js';
import { PcapngSink } from '#kcap/sinks/pcapng.js';

import { batchOf, numbered } from '../packet/packets.js';
import { KeptOutput } from '../support/files/kept-output.js';

const NEVER = new AbortController().signal;
const APPLICATION = 'kcap test';

const formats: [string, () => FileSize, (output: ByteOutput) => CaptureSink][] = [
  ['pcap', () => new PcapSize(), (output) => new PcapSink(output)],
  ['pcapng', () => new PcapngSize(APPLICATION), (output) => new PcapngSink(output, APPLICATION)],
];

/** Batches of several links, frame lengths and sizes. */
const batches = fc
  .array(
    fc.record({
      count: fc.nat(8),
      bytes: fc.nat(70),
      linkType: fc.constantFrom(1, 1, 1, 113),
      interface: fc.constantFrom(undefined, 'eth0', 'eth1'),
    }),
    { maxLength: 12 },
  )
  .map((all) => all.map(({ count, bytes, ...link }) => batchOf(numbered(count, { bytes }), link)));

for (const [name, sizeOf, sinkOf] of formats)
  describe(`the size of a ${name} file`, () => {
    test('is reached with the packet with which the file has it, and with no other', async () => {
      await fc.assert(
        fc.asyncProperty(batches, fc.integer({ min: 1, max: 3000 }), async (all, limit) => {
          const size = sizeOf();
          const output = new KeptOutput();
          const sink = sinkOf(output);
          await sink.begin(NEVER, {
            linkType: all.find(({ count }) => count > 0)?.link.linkType ?? 1,
          });
          for (const batch of all) {
            const taken = size.take(batch, limit);
            const before = firstPackets(batch, taken - 1);
            if (size.isFull(limit) && taken > 0) {
              await sink.write(before, NEVER);
              assert.ok(output.bytes.length < limit || taken === 1, 'it had it before');
              await sink.write(lastOf(batch, taken), NEVER);
              assert.ok(output.bytes.length >= limit, 'it has it now');
              return;
            }
            assert.equal(taken, size.isFull(limit) ? 0 : batch.count);
            await sink.write(batch, NEVER);
          }
          if (!size.isFull(limit)) assert.ok(output.bytes.length < limit);
        }),
        { numRuns: 300 },
      );
    });
  });

test('packets of another link type are in no pcap file of the first', () => {
  const size = new PcapSize();
  assert.ok(size.holds({ linkType: 113, precision: 'micro', snapLength: 1 }));
  assert.equal(size.take(batchOf(numbered(1)), 1000), 1);
  const other = batchOf(numbered(100), { linkType: 113 });
  assert.ok(!size.holds(other.link));
  assert.equal(size.take(other, 1000), 100);
  assert.ok(!size.isFull(24 + 16 + 61));
  assert.ok(size.isFull(24 + 16 + 60));
});

/** The packet with this number, counted from 1 on. */
function lastOf(batch: PacketBatch, number: number): PacketBatch {
  const { bytes } = firstPackets(batch, number);
  const { bytes: before } = firstPackets(batch, number - 1);
  return { ...batch, bytes: bytes.subarray(before.length), count: 1 };
}
