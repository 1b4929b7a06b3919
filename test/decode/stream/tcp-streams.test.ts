import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PORTS, Recording, type Sent } from './streaming.js';

const SECOND = 1_000_000;
const SYN: Sent = { sequence: 999, flags: 'S' };
const BACK = [PORTS[1], PORTS[0]] as const;

/** Segments of a stream whose first byte has the number 1000. */
function at(offset: number, content: string, more: Partial<Sent> = {}): Sent {
  return { sequence: (1000 + offset) >>> 0, content, ...more };
}

describe('TCP streams', () => {
  test('hand on what comes in order where it lies', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(3, 'def'), at(6, 'ghi'));
    assert.deepEqual(recording.texts, ['abcdefghi']);
    assert.equal(recording.copied, 0);
    assert.equal(recording.streams.segments, 3);
  });

  test('are in order whatever the order of segments', () => {
    const recording = new Recording().send(
      SYN,
      at(6, 'ghi'),
      at(3, 'def'),
      at(0, 'abc'),
      at(9, 'j'),
    );
    assert.deepEqual(recording.texts, ['abcdefghij']);
    assert.deepEqual([recording.streams.reordered, recording.streams.holes], [2, 0]);
  });

  test('have a direction each', () => {
    const recording = new Recording().send(
      SYN,
      { sequence: 76, flags: 'S.', ports: BACK },
      at(0, 'ask'),
      { sequence: 77, content: 'answer', ports: BACK },
      at(3, 'again'),
    );
    assert.deepEqual(recording.texts, ['askagain', 'answer']);
    assert.deepEqual(recording.sources, [PORTS[0], BACK[0], PORTS[0]]);
  });

  test('give bytes that come again only once', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(0, 'abc'), at(3, 'def'));
    recording.send(at(0, 'abcdef'), at(9, 'jkl'), at(9, 'jkl'), at(6, 'ghi'), at(9, 'jkl'));
    assert.deepEqual(recording.texts, ['abcdefghijkl']);
    assert.equal(recording.streams.duplicates, 4);
  });

  test('keep of overlapping segments what came first', () => {
    const recording = new Recording().send(SYN, at(0, 'ab'), at(1, 'Xcd'));
    assert.deepEqual(recording.texts, ['abcd']);
    // Early ones: 6-7 and 10-11, then over both, then all from the place on.
    recording.send(at(6, 'gh'), at(10, 'kl'), at(5, 'fXXijXXm'), at(4, 'eXXXXXXXXn'));
    assert.deepEqual(recording.texts, ['abcdefghijklmn']);
  });

  test('begin in the middle of a connection', () => {
    const recording = new Recording().send(at(500, 'middle'), at(506, ' end'), at(490, 'before'));
    assert.deepEqual(recording.texts, ['middle end']);
    assert.equal(recording.streams.duplicates, 1);
  });

  test('begin after their SYN, even if another segment comes first, and with what the SYN carries', () => {
    assert.deepEqual(new Recording().send(SYN, at(3, 'def'), at(0, 'abc')).texts, ['abcdef']);
    const fast = new Recording().send({ ...SYN, content: 'abc' }, at(3, 'def'));
    assert.deepEqual(fast.texts, ['abcdef']);
  });

  test('go on after a SYN that is sent again', () => {
    const recording = new Recording().send(SYN, SYN, at(0, 'abc'), SYN, at(3, 'def'));
    assert.deepEqual(recording.texts, ['abcdef']);
  });

  test('go round with their sequence numbers', () => {
    for (const start of [0xffff_fffd, 0x7fff_fffd]) {
      const of = (offset: number, content: string): Sent => ({
        sequence: (start + offset) >>> 0,
        content,
      });
      const recording = new Recording().send(
        { sequence: start - 1, flags: 'S' },
        ...[of(6, 'ghi'), of(0, 'ab'), of(4, 'ef'), of(0, 'abcd'), of(9, 'j')],
      );
      assert.deepEqual(recording.texts, ['abcdefghij'], String(start));
    }
  });

  test('end with FIN, once all has come before it', () => {
    const inOrder = new Recording().send(SYN, at(0, 'abc'), at(3, 'def', { flags: 'F.' }));
    assert.deepEqual(inOrder.texts, ['abcdef.']);
    const alone = new Recording().send(SYN, at(0, 'abc'), at(3, '', { flags: 'F.' }));
    assert.deepEqual(alone.texts, ['abc.']);
    const early = new Recording().send(SYN, at(3, 'def', { flags: 'F.' }), at(0, 'abc'));
    assert.deepEqual(early.texts, ['abcdef.']);
  });

  test('know the segments of a stream that has ended', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(3, '', { flags: 'F.' }));
    recording.send(at(0, 'abc'), at(3, '', { flags: 'F.' }), at(4, ''));
    assert.deepEqual(recording.texts, ['abc.']);
    assert.equal(recording.streams.duplicates, 1);
  });

  test('end with RST, unless that is not of this connection', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(6, 'ghi'));
    recording.send(at(0x4000_0000, '', { flags: 'R' }));
    assert.deepEqual(recording.texts, ['abc']);
    recording.send(at(3, '', { flags: 'R' }));
    assert.deepEqual(recording.texts, ['abc|ghi.']);
  });

  test('begin anew where ports are used again', () => {
    const again = (offset: number, content: string): Sent => ({
      sequence: 500_000 + offset,
      content,
    });
    const syn = { ...again(-1, ''), flags: 'S' };
    const ended = new Recording().send(SYN, at(0, 'abc', { flags: 'F.' }));
    ended.send(syn, again(0, 'one'), again(3, ' two'));
    assert.deepEqual(ended.texts, ['abc.', 'one two']);
    const open = new Recording().send(SYN, at(0, 'abc'), at(6, 'ghi'), syn, again(0, 'one'));
    assert.deepEqual(open.texts, ['abc|ghi.', 'one']);
    // Without a SYN: what is far from where the old one has ended.
    const unseen = new Recording().send(SYN, at(0, 'abc', { flags: 'F.' }));
    unseen.send(again(0, 'one'), again(3, ' two'));
    assert.deepEqual(unseen.texts, ['abc.', 'one two']);
  });

  test('ignore keep-alives, with and without a byte', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(2, ''), at(2, '\0'), at(3, 'def'));
    assert.deepEqual(recording.texts, ['abcdef']);
    const middle = new Recording().send(at(-1, '\0'), at(0, 'abc'));
    assert.deepEqual(middle.texts, ['abc']);
  });

  test('skip a hole after 5 s by the time of packets', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'));
    recording.send(at(6, 'ghi', { time: SECOND }), at(9, 'j', { time: 6 * SECOND }));
    assert.deepEqual(recording.texts, ['abc']);
    recording.send(at(10, 'k', { time: 6 * SECOND + 1 }));
    assert.deepEqual(recording.texts, ['abc|ghijk']);
    assert.equal(recording.streams.holes, 1);
    // What comes of it later is old.
    recording.send(at(3, 'def', { time: 7 * SECOND }));
    assert.deepEqual(recording.texts, ['abc|ghijk']);
  });

  test('fill a hole even after that time, by the segment that says how late it is', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(6, 'ghi', { time: SECOND }));
    recording.send(at(3, 'def', { time: 60 * SECOND }));
    assert.deepEqual(recording.texts, ['abcdefghi']);
  });

  test('skip a hole on request, one at a time', () => {
    const recording = new Recording().send(SYN, at(0, 'a'), at(2, 'c', { time: SECOND }));
    recording.send(at(4, 'e', { time: 3 * SECOND }));
    recording.expire(6 * SECOND);
    assert.deepEqual(recording.texts, ['a']);
    recording.expire(6 * SECOND + 1);
    assert.deepEqual(recording.texts, ['a|c']);
    recording.expire(11 * SECOND + 2);
    assert.deepEqual(recording.texts, ['a|c|e']);
  });

  test('skip a hole where too much has come after it', () => {
    const recording = new Recording().send(SYN, at(0, 'a'));
    const after = Array.from({ length: 129 }, (_, index) => at(10 + 2 * index, 'x'));
    recording.send(...after.slice(0, 128));
    assert.deepEqual(recording.texts, ['a']);
    recording.send(...after.slice(128));
    assert.deepEqual(recording.texts, ['a|x']);
    const long = new Recording().send(SYN, at(0, 'a'));
    const content = 'y'.repeat(1448);
    let segments = 0;
    while (long.streams.holes === 0) long.send(at(10 + 1448 * segments++, content));
    assert.equal(long.texts[0]?.length, 2 + 1448 * segments);
    assert.ok(segments > 128 && segments < 256, String(segments));
  });

  test('skip at once what was not captured', () => {
    const recording = new Recording().send(SYN, at(0, 'abcdef', { uncaptured: 2 }), at(6, 'ghi'));
    recording.send(at(9, 'jklm', { uncaptured: 2, flags: 'F.' }));
    assert.deepEqual(recording.texts, ['abcd|ghijk|.']);
    const early = new Recording().send(SYN, at(4, 'ef'), at(0, 'abcdXX', { uncaptured: 3 }));
    assert.deepEqual(early.texts, ['abc|ef']);
  });

  test('give way to others, the one that has been quiet for longest first, and go on later', () => {
    const of = (port: number, offset: number, content: string) =>
      at(offset, content, { ports: [port, 5060] });
    const recording = new Recording({ streams: 2 });
    recording.send(of(1, 0, 'a1'), of(2, 0, 'a2'), of(1, 2, 'b1'), of(1, 8, 'd1'), of(3, 0, 'a3'));
    assert.deepEqual(recording.texts, ['a1b1', 'a2.', 'a3']);
    recording.send(of(2, 2, 'b2'));
    assert.deepEqual(recording.texts, ['a1b1|d1.', 'a2.', 'a3', 'b2']);
    assert.deepEqual([recording.streams.evicted, recording.streams.size], [2, 2]);
    assert.deepEqual(recording.sources.slice(-3), [1, 1, 2]);
  });

  test('do not wait for holes where memory for that is short: the one that waits longest goes on', () => {
    const recording = new Recording({ heldBytes: 0 });
    const content = 'x'.repeat(2048);
    const of = (port: number, index: number) =>
      at(10 + 4096 * index, content, { ports: [port, 5060] });
    const { streams } = recording;
    for (let port = 1; port <= 6; port++) {
      recording.send(at(0, 'a', { ports: [port, 5060] }));
      for (let index = 0; index < 100; index++) {
        const { holes } = streams;
        recording.send(of(port, index));
        if (holes > 0 || streams.holes === 0) continue;
        assert.equal(recording.texts[0]?.slice(0, 3), 'a|x');
        assert.equal(recording.texts.at(-1), 'a');
      }
    }
    assert.ok(streams.holes > 0 && streams.holes < 200, String(streams.holes));
    assert.deepEqual([streams.evicted, recording.recorders.length], [0, 6]);
    recording.finish();
    const expected = `a${`|${content}`.repeat(100)}.`;
    assert.deepEqual(
      recording.texts.map((text) => text === expected),
      Array(6).fill(true),
    );
  });

  test('give way where splitters keep too much, the one that has for longest first', () => {
    const recording = new Recording({ keptBytes: 10 });
    const of = (port: number, content: string) => at(0, content, { ports: [port, 5060] });
    recording.send(of(1, 'a'), of(2, 'b'), of(3, 'c'));
    for (const [index, kept] of [4, 4, 0].entries()) {
      const recorder = recording.recorders[index] ?? assert.fail();
      recorder.keptBytes = kept;
      recording.send(at(1, 'x', { ports: [index + 1, 5060] }));
    }
    assert.equal(recording.streams.evicted, 0);
    (recording.recorders[2] ?? assert.fail()).keptBytes = 3;
    recording.send(at(2, 'y', { ports: [3, 5060] }));
    assert.deepEqual(recording.texts, ['ax.', 'bx', 'cxy']);
    assert.equal(recording.streams.evicted, 1);
  });

  test('all end when there are no more packets', () => {
    const recording = new Recording().send(SYN, at(0, 'abc'), at(6, 'ghi'));
    recording.send({ sequence: 77, content: 'answer', ports: BACK }).finish();
    assert.deepEqual(recording.texts, ['abc|ghi.', 'answer.']);
    assert.equal(recording.streams.size, 0);
  });

  test('in a tunnel are others than beside it', () => {
    const recording = new Recording().send(
      at(0, 'abc'),
      at(0, 'in the tunnel', { isTunneled: true }),
    );
    assert.deepEqual(recording.texts, ['abc', 'in the tunnel']);
  });

  test('are not begun by what carries nothing', () => {
    const recording = new Recording().send(
      at(0, ''),
      at(0, '', { flags: 'F.' }),
      at(0, '', { flags: 'R' }),
      SYN,
    );
    assert.deepEqual([recording.recorders.length, recording.streams.size], [0, 0]);
  });
});
