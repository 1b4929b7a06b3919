import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import { CALL_ID, FROM, TO } from '#kcap/protocols/sip/header-name.js';
import { LineEnds } from '#kcap/protocols/sip/line-ends.js';
import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { Mutations } from '../mutations.js';
import { BYE, INVITE, message, RINGING } from './messages.js';
import { bytesOf, INVALID, UNUSUAL, VALID } from './torture.js';

const ORIGINALS = [INVITE, RINGING, BYE, ...[...VALID, ...INVALID, ...UNUSUAL].map(bytesOf)];
const FOLDED = message('SIP/2.0 200 OK', [
  'Subject: a',
  ' From: no',
  'From :b',
  'f: c',
  'CSeq: 1 X',
]);
const MANY_LINES = message('BYE sip:a SIP/2.0', Array<string>(5000).fill('From: a'));

/** Mutated messages one after the other, with bytes between them, as in a batch of packets. */
function mutatedMessages(): { bytes: Buffer; places: [start: number, end: number][] } {
  const mutations = new Mutations(3665);
  const pieces: Buffer[] = [];
  const places: [number, number][] = [];
  let at = 0;
  for (let turn = 0; turn < 4000; turn++) {
    const gap = Buffer.alloc(mutations.number(80), mutations.pick([0, 10, 13, 32, 58]));
    const piece = turn === 2000 ? MANY_LINES : mutations.next([...ORIGINALS, FOLDED]);
    places.push([at + gap.length, at + gap.length + piece.length]);
    at += gap.length + piece.length;
    pieces.push(gap, piece);
  }
  return { bytes: Buffer.concat(pieces), places };
}

/** All that has been read of a message. */
function fieldsOf(sip: SipMessage): unknown {
  const { start, end, headersStart, bodyStart, status, viaCount, hasRepeats, contentLength } = sip;
  const { method, callId, from, to, via, cseq, contentType, cseqMethod } = sip;
  const ranges = [method, callId, from, to, via, cseq, contentType, cseqMethod];
  return {
    ...{ start, end, headersStart, bodyStart, status, viaCount, hasRepeats, contentLength },
    ranges: ranges.map((range) => [range.start, range.end]),
  };
}

describe('line ends of many messages', () => {
  const { bytes, places } = mutatedMessages();

  test('found by the addon, messages are read as they are without it', () => {
    const alone = new SipMessage();
    const ahead = new SipMessage(addon.lineEnds);
    ahead.expectIn(bytes);
    let valid = 0;
    for (const [start, end] of places) {
      const verdict = alone.readDatagram(bytes, start, end);
      assert.equal(ahead.readDatagram(bytes, start, end), verdict);
      if (verdict !== Verdict.Sip) continue;
      valid++;
      assert.deepEqual(fieldsOf(ahead), fieldsOf(alone));
    }
    assert.ok(valid > 1000, String(valid));
  });

  for (const [what, sip] of [
    ['ahead', new SipMessage(addon.lineEnds)],
    ['line by line', new SipMessage()],
  ] as const)
    test(`one header that is found ${what} is what reading all headers finds`, () => {
      const whole = new SipMessage();
      sip.expectIn(bytes);
      for (const [start, end] of places) {
        if (whole.readDatagram(bytes, start, end) !== Verdict.Sip) continue;
        sip.beginDatagram(bytes, start, end);
        sip.readMethod();
        assert.deepEqual(
          [sip.method.start, sip.method.end],
          [whole.method.start, whole.method.end],
        );
        for (const header of [FROM, TO, CALL_ID] as const) {
          sip.beginDatagram(bytes, start, end);
          const { start: at, end: to } = sip.findValue(header);
          const expected = whole.findValue(header);
          assert.deepEqual([at, to], [expected.start, expected.end]);
        }
        assert.equal(sip.readHeaders(), true);
        assert.deepEqual(fieldsOf(sip), fieldsOf(whole));
      }
    });

  test('a From that is there again, in whatever form, is known', () => {
    for (const again of ['From: b', 'f: b', 'FROM : b', 'From:', 'f\t:b']) {
      const sip = new SipMessage();
      const repeated = message('BYE sip:a SIP/2.0', ['From: a', 'To: x', again, 'CSeq: 1 BYE']);
      sip.beginDatagram(repeated, 0, repeated.length);
      sip.findValue(FROM);
      assert.equal(sip.hasRepeats, true, again);
    }
  });

  test('messages read after the bytes have become others', () => {
    const sip = new SipMessage(addon.lineEnds);
    const used = Buffer.alloc(64 * 1024);
    for (const one of [INVITE, RINGING, BYE]) {
      one.copy(used.fill(10), 100);
      sip.expectIn(used);
      assert.equal(sip.readDatagram(used, 100, 100 + one.length), Verdict.Sip);
      assert.equal(sip.end, 100 + one.length);
    }
  });

  test('what has more lines than are known of is not taken for one that ends there', () => {
    const bytes = Buffer.alloc(5000, '\n');
    const lines = new LineEnds(addon.lineEnds);
    lines.look(bytes);
    assert.equal(lines.indexAt(bytes, 0, 5000), -1);
    const index = lines.indexAt(bytes, 1000, 2000);
    assert.deepEqual(
      [...lines.found.subarray(index, index + 1000)],
      Array.from({ length: 1000 }, (_, line) => 1000 + line),
    );
  });

  test('the addon finds no more than there is room for, and refuses what is outside', () => {
    const text = Buffer.from(`${'x'.repeat(70)}\n\n${'y'.repeat(130)}\n`);
    const into = new Int32Array(3);
    assert.equal(addon.lineEnds(text, 0, text.length, into), 3);
    assert.deepEqual([...into], [70, 71, 202]);
    assert.equal(addon.lineEnds(text, 71, text.length, into.subarray(0, 1)), 1);
    assert.equal(into[0], 71);
    assert.equal(addon.lineEnds(text, 72, 202, into), 0);
    assert.equal(addon.lineEnds(text, 203, 203, into), 0);
    for (const [start, end] of [
      [0, 204],
      [2, 1],
      [300, 400],
    ] as const)
      assert.throws(() => addon.lineEnds(text, start, end, into), RangeError);
  });
});
