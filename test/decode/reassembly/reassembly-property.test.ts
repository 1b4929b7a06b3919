import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { Reassembler } from '#kcap/decode/reassembly/reassembler.js';

import { fragment4, fragment6, type Piece, piecesOf } from '../../support/fragments.js';
import { ethernet, IPV6_ENDS, udp } from '../../support/frames.js';
import { pcapFile } from '../../support/pcap-file.js';
import { decodeAll } from './reassembling.js';

interface Datagram {
  readonly isIpv4: boolean;
  readonly content: string;
  readonly pieces: readonly Piece[];
}

/** Printable, as tshark's output is compared, too. */
const contents = fc
  .tuple(fc.integer({ min: 1, max: 6000 }), fc.nat(25))
  .map(([length, first]) =>
    Array.from({ length }, (_, index) => String.fromCharCode(97 + ((first + index * 7) % 26))).join(
      '',
    ),
  );

const datagrams: fc.Arbitrary<Datagram> = fc
  .record({
    isIpv4: fc.boolean(),
    content: contents,
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
  })
  .map(({ isIpv4, content, cuts }) => {
    const whole = udp([5060, 5062], Buffer.from(content), isIpv4 ? {} : { addresses: IPV6_ENDS });
    const units = Math.ceil(whole.length / 8) - 1;
    const offsets = cuts.map((cut) => 8 * (1 + Math.floor(cut * (units - 1))));
    const unique = [...new Set(offsets)].sort((a, b) => a - b);
    return { isIpv4, content, pieces: piecesOf(whole, unique) };
  });

interface Sending {
  readonly all: readonly Datagram[];
  readonly frames: readonly Buffer[];
}

/** Several datagrams' fragments as they are sent, in any order and some of them twice. */
const sendings = (firstId = 0): fc.Arbitrary<Sending> =>
  fc.array(datagrams, { minLength: 1, maxLength: 5 }).chain((all) => {
    const frames = all.flatMap(({ isIpv4, pieces }, index) =>
      pieces.map((piece) => {
        const header = { id: firstId + index };
        return isIpv4
          ? ethernet(0x0800, fragment4(piece, header))
          : ethernet(0x86dd, fragment6(piece, header));
      }),
    );
    const repeated = fc.subarray(frames);
    return repeated.chain((copies) =>
      fc.record({
        all: fc.constant(all),
        frames: fc.shuffledSubarray([...frames, ...copies], {
          minLength: frames.length + copies.length,
        }),
      }),
    );
  });

describe('IP reassembly', () => {
  test('gives each datagram once, however it was cut, shuffled and repeated', () => {
    fc.assert(
      fc.property(sendings(), ({ all, frames }) => {
        const reassembler = new Reassembler();
        const decoded = decodeAll(reassembler, frames);
        assert.deepEqual(
          digests(decoded.map(({ content }) => content)),
          digests(all.map(({ content }) => content)),
        );
        const total = all.reduce((sum, { pieces }) => sum + pieces.length, 0);
        assert.equal(reassembler.fragmentsMerged, total - all.length);
        assert.equal(reassembler.fragmentsHeld, 0);
      }),
      { numRuns: 200 },
    );
  });

  test('keeps in IPv4, of each byte, what came first', () => {
    const units = 12;
    const fragments = fc.array(
      fc.record({
        from: fc.nat(units - 1),
        length: fc.integer({ min: 1, max: 6 }),
        letter: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(fragments, (pieces) => {
        const expected = Array.from({ length: units }, () => '');
        const rest = [
          { from: 0, length: units - 1, letter: 'y' },
          { from: units - 1, length: 1, letter: 'z' },
        ];
        const all = [...pieces, ...rest];
        const frames = all.map(({ from, length, letter }, index) => {
          const to = Math.min(from + length, units);
          for (let unit = from; unit < to; unit++) expected[unit] ||= letter.repeat(8);
          const content = Buffer.alloc((to - from) * 8, letter);
          return ethernet(
            0x0800,
            // Only the last one says where the datagram ends.
            fragment4(
              { offset: from * 8, content, isLast: index === all.length - 1 },
              { protocol: 132 },
            ),
          );
        });
        const decoded = decodeAll(new Reassembler(), frames);
        // SCTP, so that any 12 bytes are a header.
        assert.deepEqual(
          decoded.map(({ content }) => content),
          [expected.join('').slice(12)],
        );
      }),
      { numRuns: 500 },
    );
  });

  test('finds what tshark finds', () => {
    const sent = Array.from({ length: 40 }, (_, index) =>
      fc.sample(sendings(100 * index), { numRuns: 1, seed: index }),
    ).flat();
    const frames = sent.flatMap((sending) => sending.frames);
    // Contents are compared as a set: to tshark a datagram whose fragments all come twice is two.
    const found = new Set(tsharkPayloads(frames));
    const decoded = new Set(decodeAll(new Reassembler(), frames).map(({ content }) => content));
    assert.deepEqual(digests([...decoded]), digests([...found]));
  });
});

/** What is short enough to be printed where it differs. */
function digests(contents: readonly string[]): string[] {
  return contents
    .map((content) => `${content.length} ${createHash('sha1').update(content).digest('hex')}`)
    .sort();
}

function tsharkPayloads(frames: readonly Buffer[]): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'kcap-fragments-'));
  try {
    const file = path.join(folder, 'fragments.pcap');
    const packets = frames.map((frame) => ({ seconds: 0, fraction: 0, frame }));
    writeFileSync(file, pcapFile({ packets }));
    const output = execFileSync(
      'tshark',
      [
        ...['-n', '-r', file, '-2', '-Y', 'udp.payload', '-T', 'fields', '-e', 'udp.payload'],
        ...['-o', 'ip.defragment:TRUE', '-o', 'ipv6.defragment:TRUE'],
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
    );
    return output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Buffer.from(line.replaceAll(':', ''), 'hex').toString('latin1'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
