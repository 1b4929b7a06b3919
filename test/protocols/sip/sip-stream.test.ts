import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { MAX_MESSAGE_BYTES, SipMessage } from '#kcap/protocols/sip/sip-message.js';
import { SipStream } from '#kcap/protocols/sip/sip-stream.js';

import { BYE, INVITE, message, RINGING } from './messages.js';
import { deflated, frame, maskedFrame, UPGRADE, UPGRADED } from './websocket-frames.js';

const sip = new SipMessage();
const ALL = [INVITE, RINGING, BYE];
const ACK = message('ACK sip:a SIP/2.0', ['i: 1']);

/** The messages of pieces that are pushed one by one; each piece is overwritten after it has been read. */
function messagesIn(stream: SipStream, pieces: readonly Buffer[]): string[] {
  const messages: string[] = [];
  for (const piece of pieces) {
    const bytes = Buffer.concat([Buffer.from('INVITE '), piece, Buffer.from('\r\n\r\n')]);
    stream.push(bytes, 7, 7 + piece.length);
    while (stream.next(sip)) messages.push(sip.bytes.toString('latin1', sip.start, sip.end));
    bytes.fill('#');
  }
  return messages;
}

function texts(messages: readonly Buffer[]): string[] {
  return messages.map((bytes) => bytes.toString('latin1'));
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) cut.push(bytes.subarray(at, at + size));
  return cut;
}

describe('a stream', () => {
  test('gives several messages of one segment', () => {
    assert.deepEqual(messagesIn(new SipStream(), [Buffer.concat(ALL)]), texts(ALL));
  });

  test('gives messages of any number of segments, with keep-alives between them', () => {
    const keepAlive = Buffer.from('\r\n\r\n');
    const bytes = Buffer.concat([INVITE, keepAlive, RINGING, keepAlive, keepAlive, BYE, keepAlive]);
    for (const size of [1, 2, 3, 7, 100, 1000]) {
      const stream = new SipStream();
      assert.deepEqual(messagesIn(stream, pieces(bytes, size)), texts(ALL), `pieces of ${size}`);
      assert.deepEqual([stream.malformed, stream.notSip, stream.keptBytes], [0, 0, 0]);
    }
  });

  test('gives the same messages, wherever it is cut', () => {
    const junk = fc.constantFrom('', 'x', 'junk\n', '\r\nfoo bar\r\n', '\x16\x03\x01\x00\n');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...ALL), junk), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        (parts, sizes) => {
          // Junk ends a line: in the middle of one it would hide the message after it.
          const bytes = Buffer.concat(
            parts.flatMap(([part, text]) => [part, Buffer.from(text && `${text}\n`, 'latin1')]),
          );
          const cut: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            cut.push(bytes.subarray(at, at + size));
            at += size;
          }
          const stream = new SipStream();
          assert.deepEqual(messagesIn(stream, cut), texts(parts.map(([part]) => part)));
          assert.equal(stream.malformed, 0);
          assert.equal(stream.notSip, parts.filter(([, text]) => text !== '').length);
        },
      ),
    );
  });

  test('that begins in the middle of a message goes on with the next', () => {
    for (const at of [1, 10, 100, INVITE.length - 1]) {
      const stream = new SipStream();
      const bytes = Buffer.concat([INVITE.subarray(at), BYE]);
      assert.deepEqual(messagesIn(stream, [bytes]), texts([BYE]), `from ${at}`);
    }
  });

  test('counts a message that is malformed, and goes on with the next', () => {
    const bad = [
      message('BYE sip:a SIP/2.0', ['CSeq: 1 INVITE', 'l: 4'], 'abcd'),
      message('BYE sip:a SIP/2.0', ['l: -4'], 'abcd'),
      message('BYE sip:a SIP/2.0', ['l: 99999999999'], 'abcd'),
      message('SIP/2.0 999 What', ['i: 1']),
    ];
    for (const bytes of bad)
      for (const size of [1, 5, 1000]) {
        const stream = new SipStream();
        const all = Buffer.concat([INVITE, bytes, Buffer.from('\r\n'), BYE]);
        assert.deepEqual(messagesIn(stream, pieces(all, size)), texts([INVITE, BYE]));
        assert.deepEqual([stream.malformed, stream.notSip], [1, 0]);
      }
  });

  test('loses the message in which there is a hole, and no other', () => {
    const stream = new SipStream();
    assert.deepEqual(messagesIn(stream, [INVITE, RINGING.subarray(0, 50)]), texts([INVITE]));
    stream.skipHole();
    assert.deepEqual(messagesIn(stream, [RINGING.subarray(60), BYE]), texts([BYE]));
    assert.deepEqual([stream.malformed, stream.notSip], [1, 0]);
  });

  test('goes on at once where a message begins right after a hole', () => {
    const stream = new SipStream();
    messagesIn(stream, [INVITE]);
    stream.skipHole();
    assert.deepEqual(messagesIn(stream, [BYE]), texts([BYE]));
    assert.deepEqual([stream.malformed, stream.notSip], [0, 0]);
  });

  test('takes messages of up to 256 KiB, and keeps no more than that', () => {
    const head = (length: number): Buffer => message('BYE sip:a SIP/2.0', [`l: ${length}`]);
    const bodyBytes = MAX_MESSAGE_BYTES - head(200_000).length;
    for (const [length, isTaken] of [
      [bodyBytes, true],
      [bodyBytes + 1, false],
    ] as const) {
      const stream = new SipStream();
      const body = Buffer.alloc(length, 'x\n');
      body[length - 1] = 10;
      const long = Buffer.concat([head(length), body]);
      const taken: string[] = [];
      for (const piece of [...pieces(long, 1400), BYE]) {
        taken.push(...messagesIn(stream, [piece]));
        assert.ok(stream.keptBytes <= MAX_MESSAGE_BYTES);
      }
      assert.deepEqual(
        taken.map((text) => text.length),
        isTaken ? [MAX_MESSAGE_BYTES, BYE.length] : [BYE.length],
      );
      assert.equal(stream.malformed, isTaken ? 0 : 1);
    }
  });

  test('gives up headers that do not end within 256 KiB', () => {
    const stream = new SipStream();
    const endless = Buffer.from(`BYE sip:a SIP/2.0\r\nX: ${'x'.repeat(MAX_MESSAGE_BYTES)}`);
    assert.deepEqual(
      messagesIn(stream, [...pieces(endless, 60_000), Buffer.from('\r\n'), BYE]),
      texts([BYE]),
    );
    assert.equal(stream.malformed, 1);
  });

  test('reads each byte a bounded number of times, however small the pieces', () => {
    const long = message(
      'BYE sip:a SIP/2.0',
      [`X: ${'x'.repeat(100_000)}`, 'l: 100000'],
      'x'.repeat(100_000),
    );
    const stream = new SipStream();
    const began = performance.now();
    let count = 0;
    for (let at = 0; at < long.length; at++) {
      stream.push(long, at, at + 1);
      while (stream.next(sip)) count++;
    }
    assert.equal(count, 1);
    // A few milliseconds; twenty thousand million steps would take longer than this on any machine.
    assert.ok(performance.now() - began < 5000);
  });

  test('keeps nothing of what is no SIP', () => {
    const stream = new SipStream();
    assert.deepEqual(messagesIn(stream, pieces(Buffer.alloc(1_000_000, 0x17), 1400)), []);
    assert.equal(stream.keptBytes, 0);
    assert.equal(stream.notSip, 1);
  });
});

describe('a stream over WebSocket', () => {
  const framed = Buffer.concat([
    UPGRADE,
    maskedFrame(1, INVITE),
    maskedFrame(9, Buffer.from('ping')),
    maskedFrame(2, BYE),
  ]);

  test('gives the messages of masked frames after the upgrade, wherever it is cut', () => {
    for (const size of [1, 2, 3, 5, 50, 10_000]) {
      const stream = new SipStream();
      assert.deepEqual(messagesIn(stream, pieces(framed, size)), texts([INVITE, BYE]));
      assert.equal(stream.isWebSocket, true);
      assert.deepEqual([stream.malformed, stream.notSip, stream.keptBytes], [0, 0, 0]);
    }
  });

  test('gives the messages of the other direction', () => {
    const bytes = Buffer.concat([UPGRADED, frame(1, RINGING), frame(10, Buffer.alloc(0))]);
    for (const size of [1, 4, 1000])
      assert.deepEqual(messagesIn(new SipStream(), pieces(bytes, size)), texts([RINGING]));
  });

  test('puts a message together from its fragments, with control frames between them', () => {
    const bytes = Buffer.concat([
      UPGRADE,
      maskedFrame(1, INVITE.subarray(0, 100), { isFinal: false }),
      maskedFrame(9, Buffer.from('ping')),
      maskedFrame(0, INVITE.subarray(100, 103), { isFinal: false }),
      maskedFrame(0, INVITE.subarray(103)),
      maskedFrame(1, BYE),
    ]);
    for (const size of [1, 1000])
      assert.deepEqual(messagesIn(new SipStream(), pieces(bytes, size)), texts([INVITE, BYE]));
  });

  test('takes a message without a Content-Length to its end', () => {
    const bytes = message('MESSAGE sip:a SIP/2.0', ['i: 1'], 'hello');
    assert.deepEqual(messagesIn(new SipStream(), [UPGRADE, maskedFrame(1, bytes)]), texts([bytes]));
  });

  test('is found where the capture begins in its middle', () => {
    const stream = new SipStream();
    assert.deepEqual(
      messagesIn(stream, [maskedFrame(1, INVITE), frame(1, RINGING), maskedFrame(2, BYE)]),
      texts(ALL),
    );
    assert.equal(stream.isWebSocket, true);
  });

  test('is found again after a hole', () => {
    const stream = new SipStream();
    const second = maskedFrame(1, RINGING);
    messagesIn(stream, [UPGRADE, maskedFrame(1, INVITE), second.subarray(0, 40)]);
    stream.skipHole();
    assert.deepEqual(messagesIn(stream, [second.subarray(50), maskedFrame(1, BYE)]), texts([BYE]));
    assert.equal(stream.malformed, 1);
  });

  test('inflates what permessage-deflate has compressed, in frames of any size, with what came before as context', async () => {
    const compressed = await deflated([INVITE, RINGING, INVITE, BYE]);
    const [first, second, third, fourth] = compressed;
    assert.ok(first && second && third && fourth);
    // It is the context that makes it so short.
    assert.ok(third.length < 40);
    const bytes = Buffer.concat([
      UPGRADE,
      maskedFrame(1, first, { reserved: 4 }),
      maskedFrame(1, ACK),
      maskedFrame(2, second.subarray(0, 9), { isFinal: false, reserved: 4 }),
      maskedFrame(9, Buffer.from('ping')),
      maskedFrame(0, second.subarray(9)),
      maskedFrame(1, third, { reserved: 4 }),
      maskedFrame(1, fourth, { reserved: 4 }),
    ]);
    for (const size of [1, 7, 10_000]) {
      const stream = new SipStream();
      assert.deepEqual(
        messagesIn(stream, pieces(bytes, size)),
        texts([INVITE, ACK, RINGING, INVITE, BYE]),
      );
      assert.deepEqual([stream.malformed, stream.notSip, stream.waitingBytes], [0, 0, 0]);
      assert.ok(stream.keptBytes > 0 && stream.keptBytes <= 32 * 1024);
    }
  });

  test('counts what it cannot inflate: damaged, too long, or with a context that is not there', async () => {
    const [invite, again] = await deflated([INVITE, INVITE]);
    const [bomb] = await deflated([Buffer.alloc(50_000_000)]);
    assert.ok(invite && again && bomb && bomb.length < MAX_MESSAGE_BYTES);
    const damaged = Buffer.from(invite);
    damaged.fill(0xff, 4, 30);
    for (const payload of [damaged, again, bomb]) {
      const stream = new SipStream();
      const bytes = Buffer.concat([
        ...[UPGRADE, maskedFrame(1, payload, { reserved: 4 })],
        ...[maskedFrame(1, invite, { reserved: 4 }), maskedFrame(1, BYE)],
      ]);
      assert.deepEqual(messagesIn(stream, pieces(bytes, 1400)), texts([INVITE, BYE]));
      assert.deepEqual([stream.malformed, stream.notSip], [1, 0]);
    }
  });

  test('counts what it cannot read: unknown extensions, too long, or in pieces that do not fit', () => {
    const long = Buffer.alloc(MAX_MESSAGE_BYTES + 1, 'x');
    const unreadable = [
      [maskedFrame(1, INVITE, { reserved: 2 })],
      [
        maskedFrame(1, INVITE.subarray(0, 200), { isFinal: false }),
        maskedFrame(0, INVITE.subarray(200), { reserved: 4 }),
      ],
      [maskedFrame(1, long)],
      [maskedFrame(0, INVITE)],
      [maskedFrame(1, INVITE.subarray(0, 200), { isFinal: false }), maskedFrame(0, long)],
    ];
    for (const frames of unreadable) {
      const stream = new SipStream();
      const bytes = Buffer.concat([UPGRADE, ...frames, maskedFrame(1, BYE)]);
      assert.deepEqual(messagesIn(stream, pieces(bytes, 1400)), texts([BYE]));
      assert.deepEqual([stream.malformed, stream.notSip], [1, 0]);
    }
  });

  test('ends with frames that are none', () => {
    const stream = new SipStream();
    const bytes = Buffer.concat([UPGRADE, frame(3, Buffer.from('x')), Buffer.from('\n'), BYE]);
    assert.deepEqual(messagesIn(stream, [bytes]), texts([BYE]));
    assert.equal(stream.isWebSocket, false);
    assert.equal(stream.notSip, 1);
  });

  test('is not what is upgraded to something else', () => {
    const other = Buffer.from(UPGRADE.toString().replace('websocket', 'h2c'));
    const stream = new SipStream();
    assert.deepEqual(messagesIn(stream, [other, BYE]), texts([BYE]));
    assert.equal(stream.isWebSocket, false);
  });
});
