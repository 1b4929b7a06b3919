import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { MAX_MESSAGE_BYTES, SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { BYE, INVITE, lines, message, RINGING, SDP } from './messages.js';

const sip = new SipMessage();

function read(bytes: Buffer): Verdict {
  return sip.readDatagram(bytes, 0, bytes.length);
}

/** A request with this instead of the header of the same name. */
function withHeader(header: string): Buffer {
  return message('OPTIONS sip:a@example.com SIP/2.0', [
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    'CSeq: 1 OPTIONS',
    header,
  ]);
}

describe('a SIP message', () => {
  test('says what a request says', () => {
    assert.equal(read(INVITE), Verdict.Sip);
    assert.equal(sip.isRequest, true);
    assert.equal(sip.status, 0);
    assert.equal(sip.text(sip.method), 'INVITE');
    assert.equal(sip.text(sip.uri), 'sip:bob@biloxi.example.com');
    assert.equal(sip.text(sip.callId), '3848276298220188511@atlanta.example.com');
    assert.equal(sip.text(sip.from), 'Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl');
    assert.equal(sip.uriText(sip.from), 'sip:alice@atlanta.example.com');
    assert.equal(sip.uriText(sip.to), 'sip:bob@biloxi.example.com');
    assert.equal(sip.viaText(), 'SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74b43');
    assert.equal(sip.text(sip.cseq), '1 INVITE');
    assert.equal(sip.text(sip.contentType), 'application/sdp');
    assert.equal(sip.contentLength, SDP.length);
    assert.equal(INVITE.toString('utf8', sip.bodyStart, sip.end), SDP);
  });

  test('says what a response says, with the method of its CSeq', () => {
    assert.equal(read(RINGING), Verdict.Sip);
    assert.equal(sip.isRequest, false);
    assert.equal(sip.status, 180);
    assert.equal(sip.text(sip.reason), 'Ringing');
    assert.equal(sip.text(sip.method), 'INVITE');
    assert.equal(sip.text(sip.uri), '');
  });

  test('may use compact names', () => {
    assert.equal(read(BYE), Verdict.Sip);
    assert.equal(sip.text(sip.callId), '3848276298220188511@atlanta.example.com');
    assert.equal(sip.uriText(sip.from), 'sip:bob@biloxi.example.com');
    assert.equal(sip.uriText(sip.to), 'sip:alice@atlanta.example.com');
    assert.equal(sip.viaCount, 1);
    assert.equal(sip.contentLength, 0);
  });

  test('may write names in any case, with white space before the colon, and fold lines', () => {
    const bytes = lines(
      'SUBSCRIBE sip:a@example.com SIP/2.0',
      'cALL-iD   :\t a-call ',
      'FROM:',
      '  "A <b> \\" c" <sip:a@example.com>',
      ' ;tag=1',
      'vIA\t: SIP/2.0/UDP a,',
      '\tSIP/2.0/UDP b',
      'v: SIP/2.0/UDP c',
      'cseq: 7',
      ' SUBSCRIBE',
      '',
      '',
    );
    assert.equal(read(bytes), Verdict.Sip);
    assert.equal(sip.text(sip.callId), 'a-call');
    assert.equal(sip.text(sip.from), '"A <b> \\" c" <sip:a@example.com> ;tag=1');
    assert.equal(sip.uriText(sip.from), 'sip:a@example.com');
    assert.equal(sip.viaText(), 'SIP/2.0/UDP a, SIP/2.0/UDP b,SIP/2.0/UDP c');
    assert.equal(sip.text(sip.cseqMethod), 'SUBSCRIBE');
  });

  test('may end its lines in a bare LF', () => {
    const bytes = Buffer.from(
      INVITE.toString()
        .replaceAll('\r\n', '\n')
        .replace(/: \d+\n\n/, ': 9\n\n'),
    );
    assert.equal(read(bytes), Verdict.Sip);
    assert.equal(sip.text(sip.callId), '3848276298220188511@atlanta.example.com');
    assert.equal(bytes.toString('utf8', sip.bodyStart, sip.bodyStart + 4), 'v=0\n');
  });

  test('begins after the line ends before it', () => {
    const bytes = Buffer.concat([Buffer.from('\r\n\r\n\n'), BYE]);
    assert.equal(read(bytes), Verdict.Sip);
    assert.equal(sip.start, 5);
    assert.equal(sip.end, bytes.length);
  });

  test('lies anywhere in a buffer', () => {
    const bytes = Buffer.concat([Buffer.from('SIP/'), RINGING, Buffer.from('more')]);
    assert.equal(sip.readDatagram(bytes, 4, 4 + RINGING.length), Verdict.Sip);
    assert.equal(sip.status, 180);
    assert.equal(sip.end, 4 + RINGING.length);
  });

  test('has the first of repeated headers, and all Via', () => {
    const bytes = message('BYE sip:a SIP/2.0', [
      'i: 1',
      'Call-ID: 2',
      'v: x',
      'f: <sip:1>',
      'Via: y',
      'from: <sip:2>',
    ]);
    assert.equal(read(bytes), Verdict.Sip);
    assert.equal(sip.text(sip.callId), '1');
    assert.equal(sip.uriText(sip.from), 'sip:1');
    assert.equal(sip.viaText(), 'x,y');
  });

  test('needs none of its headers', () => {
    assert.equal(read(message('BYE sip:a SIP/2.0', ['Max-Forwards: 1'])), Verdict.Sip);
    assert.equal(sip.text(sip.callId), '');
    assert.equal(sip.viaText(), '');
    assert.equal(sip.uriText(sip.from), '');
    assert.equal(read(message('SIP/2.0 200 OK', ['X: 1'])), Verdict.Sip);
    assert.equal(sip.method.isPresent, false);
  });

  test('may leave out the empty line where no body follows', () => {
    assert.equal(read(lines('BYE sip:a SIP/2.0', 'i: 1', '')), Verdict.Sip);
    assert.equal(sip.text(sip.callId), '1');
    assert.equal(sip.bodyStart, sip.end);
    assert.equal(read(lines('BYE sip:a SIP/2.0', 'i: 1', 'l: 1', '')), Verdict.Malformed);
  });

  test('gives bytes that are no UTF-8 as U+FFFD', () => {
    const bytes = message('BYE sip:a SIP/2.0', ['Call-ID: é x\x80'], '');
    const latin = Buffer.from(bytes.toString(), 'latin1');
    assert.equal(read(latin), Verdict.Sip);
    assert.equal(sip.text(sip.callId), '\ufffd x\ufffd');
  });

  test('keeps all bytes of a datagram beyond its Content-Length as the body', () => {
    const bytes = message('BYE sip:a SIP/2.0', ['l: 2'], 'abcd');
    assert.equal(read(bytes), Verdict.Sip);
    assert.equal(sip.end, bytes.length);
    assert.equal(sip.contentLength, 2);
  });

  test('ends in a stream where its Content-Length says, and with its headers where it has none', () => {
    const bytes = message('BYE sip:a SIP/2.0', ['l: 2'], 'abcd');
    assert.equal(sip.readStream(bytes, 0, bytes.length), Verdict.Sip);
    assert.equal(bytes.toString('utf8', sip.bodyStart, sip.end), 'ab');
    const without = message('BYE sip:a SIP/2.0', ['i: 1'], 'abcd');
    assert.equal(sip.readStream(without, 0, without.length), Verdict.Sip);
    assert.equal(sip.end, without.length - 4);
  });

  test('is incomplete in a stream until its last byte has come', () => {
    for (let length = 1; length < INVITE.length; length++)
      assert.equal(sip.readStream(INVITE, 0, length), Verdict.Incomplete, `of ${length} bytes`);
    assert.equal(sip.readStream(INVITE, 0, INVITE.length), Verdict.Sip);
  });
});

describe('malformed', () => {
  const cases: [what: string, bytes: Buffer][] = [
    ['a Content-Length beyond the datagram', withHeader('Content-Length: 1')],
    ['a negative Content-Length', withHeader('Content-Length: -1')],
    ['a Content-Length that is no number', withHeader('l: 1x')],
    ['a Content-Length with a sign', withHeader('l: +0')],
    ['an empty Content-Length', withHeader('l:')],
    ['a Content-Length of hundred digits', withHeader(`l: ${'9'.repeat(100)}`)],
    [
      'two Content-Lengths that differ',
      message('BYE sip:a SIP/2.0', ['l: 0', 'Content-Length: 1'], 'a'),
    ],
    ['a CSeq with another method', message('BYE sip:a SIP/2.0', ['CSeq: 1 INVITE'])],
    ['a CSeq without a method', message('BYE sip:a SIP/2.0', ['CSeq: 1'])],
    ['a CSeq without a number', message('BYE sip:a SIP/2.0', ['CSeq: BYE'])],
    ['a CSeq of 33 bits', message('BYE sip:a SIP/2.0', ['CSeq: 4294967296 BYE'])],
    [
      'a CSeq with more than a number and a method',
      message('BYE sip:a SIP/2.0', ['CSeq: 1 BYE x']),
    ],
    ['empty parameters of a Via', withHeader('Via: SIP/2.0/UDP a;;b')],
    ['a header without a colon', withHeader('Subject')],
    ['a header without a name', withHeader(': x')],
    ['a byte that is a colon but for one bit', withHeader('f\x1a <sip:a>')],
    ['a carriage return for a hyphen', withHeader('Call\rID: x')],
    ['a name of two words', withHeader('Sub ject: x')],
    ['a header that is cut off', lines('BYE sip:a SIP/2.0', 'i: 1')],
    ['another version', message('BYE sip:a SIP/3.0', ['i: 1'])],
    ['a response of another version', message('SIP/1.0 200 OK', ['i: 1'])],
    ['a status of two digits', message('SIP/2.0 20 OK', ['i: 1'])],
    ['a status of four digits', message('SIP/2.0 2000 OK', ['i: 1'])],
    ['a status of 700', message('SIP/2.0 700 No', ['i: 1'])],
    ['a request without a URI', message('BYE  SIP/2.0', ['i: 1'])],
    [
      'a message of more than 256 KiB',
      message('BYE sip:a SIP/2.0', ['i: 1'], 'x'.repeat(MAX_MESSAGE_BYTES)),
    ],
  ];
  for (const [what, bytes] of cases)
    test(`is ${what}`, () => {
      assert.equal(read(bytes), Verdict.Malformed);
    });

  test('is not a message of 256 KiB', () => {
    const first = message('BYE sip:a SIP/2.0', ['i: 1']);
    const bytes = Buffer.concat([first, Buffer.alloc(MAX_MESSAGE_BYTES - first.length)]);
    assert.equal(read(bytes), Verdict.Sip);
  });

  test('is not a Via with separators in quotes, nor the same Content-Length twice', () => {
    assert.equal(read(withHeader('Via: SIP/2.0/UDP a;b=";;,,";c')), Verdict.Sip);
    assert.equal(read(message('BYE sip:a SIP/2.0', ['l: 0', 'Content-Length: 00'])), Verdict.Sip);
  });
});

describe('no SIP', () => {
  const cases: [what: string, bytes: Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['a keep-alive', Buffer.from('\r\n\r\n')],
    ['four zeros', Buffer.alloc(4)],
    ['a STUN request', Buffer.from('000100002112a442000102030405060708090a0b', 'hex')],
    ['an HTTP request', lines('GET / HTTP/1.1', 'Host: a', '', '')],
    ['an HTTP response', lines('HTTP/1.1 200 OK', '', '')],
    ['a line of text', Buffer.from('hello SIP/2.0 world\r\n\r\n')],
    ['a first line without an end', Buffer.from('INVITE sip:a@b SIP/2.0')],
    ['RTP', Buffer.from('800012345678', 'hex')],
    ['a SIP of no version', lines('SIP/x 200 OK', '', '')],
  ];
  for (const [what, bytes] of cases)
    test(`is ${what}`, () => {
      assert.equal(read(bytes), Verdict.NotSip);
    });
});
