import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ByteRange } from '#kcap/protocols/byte-range.js';
import { findUri, findUser } from '#kcap/protocols/sip/header-value.js';
import { MAX_MESSAGE_BYTES, SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';
import { SipStream } from '#kcap/protocols/sip/sip-stream.js';

import { Mutations } from '../mutations.js';
import { BYE, INVITE, message, RINGING } from './messages.js';
import { bytesOf, INVALID, UNUSUAL, VALID } from './torture.js';
import { frame, maskedFrame, UPGRADE } from './websocket-frames.js';

const sip = new SipMessage();
const ORIGINALS = [INVITE, RINGING, BYE, ...[...VALID, ...INVALID, ...UNUSUAL].map(bytesOf)];

/** All of a message's ranges, which must lie in it. */
function assertWithin(bytes: Buffer, start: number, end: number): void {
  assert.ok(sip.start >= start && sip.start <= sip.headersStart);
  assert.ok(sip.headersStart <= sip.bodyStart && sip.bodyStart <= sip.end && sip.end <= end);
  const { method, uri, reason, callId, from, to, via, cseq, contentType, cseqMethod } = sip;
  for (const range of [method, uri, reason, callId, from, to, via, cseq, contentType, cseqMethod])
    assert.ok(
      !range.isPresent ||
        (range.start >= sip.start && range.start <= range.end && range.end <= sip.bodyStart),
    );
  const found = new ByteRange();
  const user = new ByteRange();
  for (const value of [from, to]) {
    findUri(bytes, value, found);
    assert.ok(!found.isPresent || (found.start >= value.start && found.end <= value.end));
    findUser(bytes, found, user);
    assert.ok(!user.isPresent || (user.start >= found.start && user.end <= found.end));
  }
  assert.equal(sip.viaText() === '', !via.isPresent || (sip.viaCount === 1 && via.length === 0));
}

describe('hostile SIP', () => {
  test('10,000 mutated datagrams are read within their bounds, and do not depend on what is around them', () => {
    const mutations = new Mutations(4475);
    const verdicts = [0, 0, 0, 0];
    for (let turn = 0; turn < 10_000; turn++) {
      const bytes = mutations.next(ORIGINALS);
      const alone = sip.readDatagram(bytes, 0, bytes.length);
      verdicts[alone] = (verdicts[alone] ?? 0) + 1;
      if (alone === Verdict.Sip) assertWithin(bytes, 0, bytes.length);
      const around = Buffer.concat([Buffer.from(' SIP/2.0'), bytes, Buffer.from('\r\n\r\n')]);
      assert.equal(sip.readDatagram(around, 8, 8 + bytes.length), alone);
    }
    // Each verdict but that of a stream is met often.
    assert.ok(
      verdicts.slice(0, 3).every((count) => count > 300),
      String(verdicts),
    );
    assert.equal(verdicts[Verdict.Incomplete], 0);
  });

  test('10,000 mutated streams are read within their bounds, and messages that are whole come out', () => {
    const mutations = new Mutations(3261);
    const frames = ORIGINALS.map((bytes) => maskedFrame(1, bytes));
    const originals = [
      ...ORIGINALS,
      Buffer.concat([UPGRADE, ...frames.slice(0, 3)]),
      Buffer.concat([
        UPGRADE,
        maskedFrame(1, INVITE.subarray(0, 99), { isFinal: false }),
        maskedFrame(0, INVITE.subarray(99)),
      ]),
      frame(2, RINGING),
    ];
    let messages = 0;
    let malformed = 0;
    for (let turn = 0; turn < 10_000; turn++) {
      const stream = new SipStream();
      const bytes = Buffer.concat([mutations.next(originals), mutations.next(originals)]);
      const size = 1 + mutations.number(bytes.length + 1);
      let steps = 0;
      for (let at = 0; at < bytes.length; at += size) {
        stream.push(bytes, at, Math.min(at + size, bytes.length));
        while (stream.next(sip)) {
          assertWithin(sip.bytes, 0, sip.bytes.length);
          messages++;
          assert.ok(++steps <= bytes.length);
        }
        assert.ok(stream.keptBytes <= MAX_MESSAGE_BYTES);
      }
      malformed += stream.malformed;
    }
    assert.ok(messages > 5000 && malformed > 1000, `${messages} messages, ${malformed} malformed`);
  });

  const long: [what: string, headers: string[]][] = [
    ['a line of 64 KiB', [`Subject: ${'x'.repeat(65_536)}`]],
    ['a name of 64 KiB', [`${'x'.repeat(65_536)}: x`]],
    ['64 KiB of blanks before the colon', [`x${' '.repeat(65_536)}: x`]],
    ['64 KiB of blanks', [`To:${' '.repeat(65_536)}`]],
    ['64 KiB of blanks and line ends', [`To:${'\r\n '.repeat(21_845)}x`]],
    ['64 KiB of quotes', [`From: ${'"'.repeat(65_535)}<sip:a>`]],
    ['64 KiB of backslashes', [`From: "${'\\'.repeat(65_536)}`]],
    ['64 KiB of quotes in a Via', [`Via: ${'";'.repeat(32_767)}`]],
    ['10,000 headers', Array.from({ length: 10_000 }, (_, index) => `H${index}: x`)],
    ['10,000 Via', Array.from({ length: 10_000 }, () => 'v: SIP/2.0/UDP a')],
  ];
  for (const [what, headers] of long)
    test(`${what} is read in linear time`, () => {
      const bytes = message('BYE sip:a SIP/2.0', [...headers, 'i: last']);
      const began = performance.now();
      for (let turn = 0; turn < 20; turn++) {
        const verdict = sip.readDatagram(bytes, 0, bytes.length);
        assert.equal(verdict, Verdict.Sip);
        sip.uriText(sip.from);
        sip.viaText();
      }
      assert.equal(sip.text(sip.callId), 'last');
      // About 20 ms; what is quadratic would take minutes.
      assert.ok(performance.now() - began < 4000);
    });
});
