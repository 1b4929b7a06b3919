import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ipAddressBytes, ipv4Number } from '#kcap/protocols/ip-address.js';
import { CallMedia } from '#kcap/protocols/rtp/call-media.js';
import { mediaOf } from '#kcap/protocols/rtp/session-description.js';

import { assertFlat } from '../../support/assert-flat.js';
import { passageOf } from '../passages.js';

const OFFER = [
  'v=0',
  'c=IN IP4 192.0.2.1',
  'm=audio 4000 RTP/AVP 0 101',
  'a=rtpmap:101 telephone-event/8000',
].join('\r\n');
const ANSWER = [
  'v=0',
  'm=audio 5000 RTP/AVP 0',
  'c=IN IP4 198.51.100.2',
  'a=rtcp:5009 IN IP4 198.51.100.3',
].join('\r\n');
const NOW = 1000;

/** The call of a packet between these. */
function callOf(media: CallMedia, source: string, destination: string, seconds = NOW): string {
  const [from = '', sourcePort] = source.split(/:(?=\d+$)/);
  const [to = '', destinationPort] = destination.split(/:(?=\d+$)/);
  const ports = { sourcePort: Number(sourcePort), destinationPort: Number(destinationPort) };
  return media.find(passageOf(from, to, { ...ports, seconds }))?.call.callId ?? '';
}

describe('a session description', () => {
  test('names its streams, with the connection of the session or their own', () => {
    const media = mediaOf(
      [
        'c=IN IP4 192.0.2.1',
        'm=audio 4000 RTP/AVP 8 96',
        'a=rtpmap:96 opus/48000/2',
        'm=video 0 RTP/AVP 31',
        'c=IN IP4 192.0.2.9',
        'm=video 4002/2 RTP/SAVPF 97',
        'c=IN IP6 2001:db8::1/3',
        'a=rtcp-mux',
        'a=rtpmap:97 VP8/90000',
        'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      ].join('\n'),
    );
    assert.deepEqual(
      media.map(({ codecs, ...rest }) => ({ ...rest, codecs: [...codecs] })),
      [
        {
          address: '192.0.2.1',
          port: 4000,
          rtcpAddress: '192.0.2.1',
          rtcpPort: 4001,
          sharesPort: false,
          codecs: [
            [8, 'PCMA/8000'],
            [96, 'opus/48000/2'],
          ],
        },
        {
          address: '2001:db8::1',
          port: 4002,
          rtcpAddress: '2001:db8::1',
          rtcpPort: 4002,
          sharesPort: true,
          codecs: [[97, 'VP8/90000']],
        },
      ],
    );
  });

  test('may be any text', () => {
    for (const sdp of [
      '',
      'm=',
      'm=audio',
      'c=',
      'a=rtcp:',
      'm=audio 99999 RTP/AVP 0',
      'm=audio x RTP/AVP',
      '\n\n==\n',
    ])
      assert.deepEqual(mediaOf(sdp), []);
  });
});

describe('media of calls', () => {
  test('is known in both directions from the first description on', () => {
    const media = new CallMedia();
    media.describe('a', OFFER, NOW);
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4000'), 'a');
    assert.equal(callOf(media, '192.0.2.1:4000', '203.0.113.9:1'), 'a');
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4001'), 'a');
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4002'), '');
    assert.equal(callOf(media, '203.0.113.9:1', '198.51.100.2:5000'), '');
    media.describe('a', ANSWER, NOW);
    assert.equal(callOf(media, '203.0.113.9:1', '198.51.100.2:5000'), 'a');
    assert.equal(callOf(media, '203.0.113.9:1', '198.51.100.3:5009'), 'a');
    assert.equal(callOf(media, '203.0.113.9:1', '198.51.100.2:5001'), '');
  });

  test('is the same where a description is read at once as line by line', () => {
    const variants = [
      OFFER,
      ANSWER,
      `${OFFER}\r\na=rtcp-mux\r\n`,
      `${OFFER}\r\na=rtcp:4444\r\n`,
      `${OFFER}\r\na=rtcp:4444 IN IP4 192.0.2.7\r\n`,
      `${OFFER}\r\nc=IN IP4 192.0.2.9\r\n`,
      `${OFFER}\r\nm=video 4002 RTP/AVP 31\r\n`,
      OFFER.replace('c=', 'c=IN IP4 192.0.2.8\r\nc='),
      OFFER.replaceAll('\r\n', '\n'),
      OFFER.replace('v=0\r\n', ''),
      OFFER.replace('v=0', 'm=audio 4002 RTP/AVP 0'),
      OFFER.slice(OFFER.indexOf('m=')),
      OFFER.replace('RTP/AVP', 'udp'),
      OFFER.replace('RTP/AVP', 'RTP/SAVP'),
      ...['0', '99999', '655360', '', '4000/2', ' 4000', '4000x', '65535'].map((port) =>
        OFFER.replace('4000', port),
      ),
      ...['0.0.0.0', '192.0.2', '192.0.2.1.1', '192.0.2.256', '192.0.02.1', 'host'].map((address) =>
        OFFER.replace('192.0.2.1', address),
      ),
      ...['192.0.2.1/127', ' 192.0.2.1', '192.0.2.1 ', '255.255.255.255'].map((address) =>
        OFFER.replace('192.0.2.1', address),
      ),
      OFFER.replace('IP4', 'IP6').replace('192.0.2.1', '2001:db8::1'),
      OFFER.replace('audio', 'audio '),
      OFFER.slice(0, 30),
      '',
      'm=',
    ];
    const addresses = ['192.0.2.1', '192.0.2.7', '192.0.2.8', '192.0.2.9', '255.255.255.255'];
    const known = (media: CallMedia) =>
      [...addresses, '2001:db8:0:0:0:0:0:1', '198.51.100.2', '198.51.100.3'].flatMap((address) =>
        [4000, 4001, 4002, 4003, 4444, 5000, 5009, 65_535].map((destinationPort) => {
          const source = address.includes(':') ? '2001:db8:0:0:0:0:0:9' : '203.0.113.9';
          const found = media.find(passageOf(source, address, { destinationPort, seconds: NOW }));
          return found && [found.call.callId, found.port, [...found.codecs]];
        }),
      );
    // What has been read before is known the second time; what is cut never ends the reading of more.
    for (let round = 0; round < 2; round++)
      for (const sdp of variants) {
        const whole = new CallMedia();
        const inPlace = new CallMedia();
        for (let turn = 0; turn <= round; turn++) {
          whole.describe('a', sdp, NOW);
          const bytes = Buffer.from(`m=audio 4003 RTP/AVP 0\n${sdp}\nm=audio 4003 RTP/AVP 0`);
          inPlace.describeIn('a', bytes, 23, 23 + sdp.length, NOW);
        }
        assert.deepEqual(known(inPlace), known(whole), sdp);
        assert.equal(inPlace.callCount, whole.callCount, sdp);
      }
    const media = new CallMedia();
    for (const end of [OFFER.length, OFFER.length - 3, OFFER.length])
      media.describeIn('a', Buffer.from(OFFER), 0, end, NOW);
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4001'), 'a');
  });

  test('names the codec of a payload type', () => {
    const media = new CallMedia();
    media.describe('a', OFFER, NOW);
    const found = media.find(
      passageOf('203.0.113.9', '192.0.2.1', { destinationPort: 4000, seconds: NOW }),
    );
    assert.deepEqual(
      [...(found?.codecs ?? [])],
      [
        [0, 'PCMU/8000'],
        [101, 'telephone-event/8000'],
      ],
    );
  });

  test('moves with a later description', () => {
    const media = new CallMedia();
    media.describe('a', OFFER, NOW);
    media.describe('a', OFFER.replace('4000', '4444'), NOW + 10);
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4444', NOW + 10), 'a');
  });

  test('belongs to the last call that names a port', () => {
    const media = new CallMedia();
    media.describe('a', OFFER, NOW);
    media.describe('b', OFFER, NOW);
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4000'), 'b');
  });

  test('may be IPv6', () => {
    const media = new CallMedia();
    media.describe('a', 'c=IN IP6 2001:db8::7\nm=audio 4000 RTP/AVP 0', NOW);
    assert.equal(callOf(media, '2001:db8:0:0:0:0:0:9:1', '2001:db8:0:0:0:0:0:7:4000'), 'a');
  });

  test('expires by the time of packets, which keep it', () => {
    const media = new CallMedia();
    media.describe('a', OFFER, NOW);
    for (const seconds of [NOW + 290, NOW + 580, NOW + 870])
      assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4000', seconds), 'a');
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4000', NOW + 1171), '');
    media.describe('b', ANSWER, NOW + 1200);
    assert.equal(media.callCount, 1);
  });

  test('lingers for ten seconds after the end of the call', () => {
    const media = new CallMedia();
    media.describe('a', OFFER, NOW);
    media.end('a', NOW + 5);
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4001', NOW + 15), 'a');
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:4001', NOW + 16), '');
    media.end('unknown', NOW);
  });

  test('is not where a stream is on hold', () => {
    const media = new CallMedia();
    media.describe('a', 'c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0', NOW);
    assert.equal(callOf(media, '203.0.113.9:1', '0.0.0.0:4000'), '');
  });

  test('is bounded: the oldest calls make room', () => {
    const media = new CallMedia(100);
    for (let index = 0; index < 1000; index++)
      media.describe(`call ${index}`, OFFER.replace('4000', String(10_000 + 2 * index)), NOW);
    assert.equal(media.callCount, 100);
    assert.equal(media.evicted, 900);
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:11998'), 'call 999');
    assert.equal(callOf(media, '203.0.113.9:1', '192.0.2.1:11799'), '');
  });

  test('takes no more memory than some, whatever calls say', async () => {
    const media = new CallMedia(1000);
    let call = 0;
    const flood = () => {
      for (let round = 0; round < 20_000; round++) {
        call++;
        const address = `10.${call >> 16}.${(call >> 8) & 255}.${call & 255}`;
        const offer = OFFER.replace('192.0.2.1', address).replace(
          'telephone-event',
          `codec-${call}`,
        );
        media.describe(`call-${call % 5000}`, offer, NOW + (call >> 10));
        if (call % 3 === 0) media.end(`call-${call % 5000}`, NOW + (call >> 10));
      }
    };
    flood();
    await assertFlat(flood);
    assert.equal(media.callCount, 1000);
    const last = `10.${call >> 16}.${(call >> 8) & 255}.${call & 255}`;
    assert.equal(
      callOf(media, '203.0.113.9:1', `${last}:4000`, NOW + (call >> 10)),
      `call-${call % 5000}`,
    );
  });

  test('of one call is bounded, too', () => {
    const media = new CallMedia();
    for (let index = 0; index < 1000; index++)
      media.describe('a', OFFER.replace('4000', String(10_000 + 2 * index)), NOW);
    const found = media.find(
      passageOf('203.0.113.9', '192.0.2.1', { destinationPort: 11_998, seconds: NOW }),
    );
    assert.equal(found?.call.endpoints.length, 64);
  });
});

test('IPv4 addresses are read as numbers, and nothing else is one', () => {
  assert.equal(ipv4Number('192.0.2.1'), 0xc000_0201);
  assert.equal(ipv4Number('0.0.0.0'), 0);
  assert.equal(ipv4Number('255.255.255.255'), 0xffff_ffff);
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1..2.3',
    '1.2.3.4 ',
    '::1',
    'a.b.c.d',
    '.1.2.3',
    '1.2.3.',
  ])
    assert.equal(ipv4Number(text), undefined, text);
});

test('IP addresses are read in all their forms', () => {
  const hex = (text: string): string | undefined => ipAddressBytes(text)?.toString('hex');
  assert.equal(hex('192.0.2.1'), 'c0000201');
  assert.equal(hex('::'), '0'.repeat(32));
  assert.equal(hex('::1'), `${'0'.repeat(31)}1`);
  assert.equal(hex('2001:db8::a:b'), '20010db80000000000000000000a000b');
  assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  assert.equal(hex('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201');
  assert.equal(hex('[fe80::1]'), 'fe800000000000000000000000000001');
  assert.equal(hex('host.example.com'), undefined);
  assert.equal(hex('1.2.3'), undefined);
});
