import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { pcapFile } from '../../support/pcap-file.js';
import { frameOf, Recording, type Sent } from './streaming.js';

interface Conversation {
  readonly text: string;
  readonly segments: readonly Sent[];
}

/** Each byte is told by its place. */
function textOf(length: number): string {
  return Array.from({ length }, (_, index) => String.fromCharCode(48 + ((index * 7) % 75))).join(
    '',
  );
}

/**
 * A stream of one port, cut anywhere, with more segments that repeat parts of it across the cuts; in an order in which no
 * segment is too far away from its place.
 */
const conversations = (port: number, disorder = 1): fc.Arbitrary<Conversation> =>
  fc
    .record({
      text: fc.integer({ min: 1, max: 3000 }).map(textOf),
      first: fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0xffff_ffff, 0xffff_f800, 0x7fff_fc00)),
      cuts: fc.array(fc.nat(2999), { maxLength: 20 }),
      repeated: fc.array(fc.tuple(fc.nat(2999), fc.integer({ min: 1, max: 500 })), {
        maxLength: 10,
      }),
      hasEnd: fc.boolean(),
    })
    .chain(({ text, first, cuts, repeated, hasEnd }) => {
      const places = [...new Set([0, ...cuts.map((cut) => cut % text.length)])].sort(
        (a, b) => a - b,
      );
      const ranges = [
        ...places.map((from, index) => [from, places[index + 1] ?? text.length] as const),
        ...repeated.map(
          ([from, length]) => [from % text.length, (from % text.length) + length] as const,
        ),
      ];
      const ports = [port, 5060] as const;
      const segments = ranges.map(([from, to]): Sent => ({
        sequence: (first + from) >>> 0,
        content: text.slice(from, to),
        flags: hasEnd && to >= text.length ? 'F.' : '.',
        ports,
      }));
      const syn: Sent = { sequence: (first - 1) >>> 0, flags: 'S', ports };
      return fc
        .array(fc.double({ min: 0, max: disorder, noNaN: true }), {
          minLength: segments.length,
          maxLength: segments.length,
        })
        .map((keys) => ({
          text: text + (hasEnd ? '.' : ''),
          segments: [
            syn,
            ...segments
              .map(
                (segment, index) =>
                  [index / segments.length + (keys[index] ?? 0), segment] as const,
              )
              .sort(([one], [other]) => one - other)
              .map(([, segment]) => segment),
          ],
        }));
    });

/** Several at the same time, each in its own order. */
const mixtures = fc.tuple(...[1, 2, 3].map((port) => conversations(port))).chain((all) =>
  fc.infiniteStream(fc.nat(all.length - 1)).map((turns) => {
    const queues = all.map(({ segments }) => [...segments]);
    const segments: Sent[] = [];
    for (const turn of turns) {
      if (queues.every((queue) => queue.length === 0)) break;
      const next = queues[turn]?.shift();
      if (next) segments.push(next);
    }
    return { all, segments };
  }),
);

describe('TCP streams', () => {
  test('give the same bytes however they are cut, shuffled, repeated and overlapped', () => {
    fc.assert(
      fc.property(mixtures, ({ all, segments }) => {
        const recording = new Recording().send(...segments);
        assert.deepEqual(recording.texts.toSorted(), all.map(({ text }) => text).toSorted());
        assert.equal(recording.streams.holes, 0);
        const { streams } = recording;
        assert.equal(
          streams.segments,
          segments.filter(({ content }) => content !== undefined).length,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('give bytes of the stream at their places whatever is missing, and all that has come', () => {
    fc.assert(
      fc.property(conversations(1), fc.infiniteStream(fc.boolean()), ({ text, segments }, lost) => {
        const sent = segments.filter(({ flags }) => flags === 'S' || !lost.next().value);
        const content = text.replace(/\.$/, '');
        const [syn] = segments;
        assert.ok(syn);
        const has = Array.from(content, () => false);
        for (const segment of sent.slice(1)) {
          const from = (segment.sequence - syn.sequence - 1) >>> 0;
          for (let index = 0; index < (segment.content?.length ?? 0); index++)
            has[from + index] = true;
        }
        const expected = has.map((is, index) => (is ? content[index] : '|')).join('');
        const [recorded = ''] = new Recording().send(...sent).finish().texts;
        const trimmed = expected.replaceAll(/\|+/g, '|').replace(/\|$/, '');
        assert.equal(recorded, trimmed === '' ? '' : `${trimmed}.`);
      }),
      { numRuns: 300 },
    );
  });

  test('are those that tshark follows', () => {
    // tshark follows neither those without a FIN to their end nor overlaps that are sent early, but for what is in order.
    const sent = fc.sample(conversations(1, 0.15), { numRuns: 40, seed: 20_261_128 });
    const all = sent.map(({ text, segments }, index) => ({
      text: text.replace(/\.$/, ''),
      segments: segments.map((segment) => ({ ...segment, ports: [1000 + index, 5060] as const })),
    }));
    const frames = all.flatMap(({ segments }) => segments.map(frameOf));
    const recording = new Recording().send(...all.flatMap(({ segments }) => segments)).finish();
    const ours = recording.texts.map((text) => text.replace(/\.$/, ''));
    assert.deepEqual(
      ours,
      all.map(({ text }) => text),
    );
    assert.deepEqual(ours, followed(frames, all.length));
  });
});

/** What tshark follows of each stream. */
function followed(frames: readonly Buffer[], count: number): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'kcap-streams-'));
  try {
    const file = path.join(folder, 'streams.pcap');
    const packets = frames.map((frame) => ({ seconds: 0, fraction: 0, frame }));
    writeFileSync(file, pcapFile({ packets }));
    const follow = Array.from({ length: count }, (_, stream) => ['-z', `follow,tcp,raw,${stream}`]);
    const output = execFileSync('tshark', ['-n', '-q', '-r', file, ...follow.flat()], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
    // Lines of hexadecimal, a stream after the other, between lines of =.
    const streams = output.split(/^=+$/m).filter((part) => part.includes('Filter: tcp.stream'));
    const texts = new Map(
      streams.map((part) => {
        const number = Number(/tcp\.stream eq (\d+)/.exec(part)?.[1]);
        const hex = part.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line));
        return [number, Buffer.from(hex.join('').replaceAll('\t', ''), 'hex').toString('latin1')];
      }),
    );
    return Array.from({ length: count }, (_, stream) => texts.get(stream) ?? '');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
