import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { compileSipFilter } from '#kcap/language/sip-filter.js';
import { underWay } from '#kcap/pipeline/account.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { MediaKind } from '#kcap/protocols/rtp/media-packet.js';
import { CallExchange } from '#kcap/sinks/call-exchange.js';
import { SipReader, type SipReaderOptions } from '#kcap/sinks/sip-reader.js';

import { batchOf } from '../packet/packets.js';
import { Mutations } from '../protocols/mutations.js';
import { passageOf } from '../protocols/passages.js';
import { description, extendedReport, receiverReport, rtpPacket } from '../support/rtp-packets.js';
import { sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';

const SECONDS = 1_700_000_000;
const ALICE = '192.0.2.1';
const BOB = '192.0.2.2';
const OFFER = description(ALICE, 4000);
const ANSWER = description(BOB, 5000);

const invite = (callId: string, offer = OFFER) => udpFrame(sipRequest('INVITE', callId, [], offer));
const back = { from: BOB, to: ALICE, fromPort: 5080, toPort: 5060 };
const ok = (callId: string, answer = ANSWER) =>
  udpFrame(sipResponse('200 OK', 'INVITE', callId, answer), back);
/** Of RTP to Bob's port and to Alice's, and of RTCP to the ports behind them. */
const TO_BOB = { from: ALICE, to: BOB, fromPort: 4000, toPort: 5000 };
const TO_ALICE = { from: BOB, to: ALICE, fromPort: 5000, toPort: 4000 };
const RTCP_TO_BOB = { ...TO_BOB, fromPort: 4001, toPort: 5001 };

interface TimedFrame {
  readonly at: number;
  readonly frame: Buffer;
}

function reader(options: Partial<SipReaderOptions> = {}): SipReader {
  return new SipReader({ filters: [], reassembles: true, media: 'all', ...options });
}

/** What there is in order: messages by their first word, media by its kind, call and codec. */
function read(from: SipReader, frames: readonly (Buffer | TimedFrame)[]): string[] {
  const packets = frames.map((given, fraction) => {
    const { at, frame } = Buffer.isBuffer(given) ? { at: 0, frame: given } : given;
    return { seconds: SECONDS + at, fraction, frame };
  });
  const batch = new MessageBatch();
  from.read(batchOf(packets), batch);
  const { media } = batch;
  const found: string[] = [];
  let next = 0;
  for (let index = 0; index <= batch.count; index++) {
    for (; next < media.count && media.messagesBefore(next) <= index; next++) {
      media.go(next);
      const { kind, callId, codec = '?' } = media.packet;
      found.push(`${kind === MediaKind.Rtp ? 'rtp' : 'rtcp'} ${callId} ${codec}`);
    }
    if (index === batch.count) break;
    batch.go(index);
    const { message } = batch;
    found.push(message.isRequest ? message.text(message.method) : String(message.status));
  }
  return found;
}

describe('media of calls', () => {
  test('is found in both directions, in order, and each packet is in one counter', () => {
    const sip = reader();
    const found = read(sip, [
      udpFrame(rtpPacket(1), TO_BOB),
      invite('a@b'),
      udpFrame(rtpPacket(2), TO_ALICE),
      ok('a@b'),
      udpFrame(rtpPacket(3), TO_BOB),
      udpFrame(receiverReport(), RTCP_TO_BOB),
      udpFrame(rtpPacket(4), { ...TO_BOB, fromPort: 4002, toPort: 5002 }),
    ]);
    assert.deepEqual(found, [
      'INVITE',
      'rtp a@b PCMU/8000',
      '200',
      'rtp a@b PCMU/8000',
      'rtcp a@b PCMU/8000',
    ]);
    assert.deepEqual(sip.media, { rtp: 2, rtcp: 1, forgottenCalls: 0 });
    const { in: taken, out, outcomes } = sip.account();
    assert.deepEqual(
      [taken.packets, out.packets, outcomes.get('no-sip')?.packets, sip.found, sip.notSip],
      [7, 5, 2, 5, 2],
    );
    assert.equal(underWay(sip.account()).packets, 0);
  });

  test('is RTCP alone where no more is asked for, and nothing by default', () => {
    const frames = [
      invite('a@b'),
      udpFrame(rtpPacket(1), TO_ALICE),
      udpFrame(receiverReport(), RTCP_TO_BOB),
    ];
    assert.deepEqual(read(reader({ media: 'rtcp' }), frames), ['INVITE', 'rtcp a@b PCMU/8000']);
    const none = new SipReader({ filters: [], reassembles: true });
    assert.deepEqual(read(none, frames), ['INVITE']);
    assert.equal(none.media, undefined);
  });

  test('moves with a re-INVITE, and both share a port with rtcp-mux', () => {
    const sip = reader();
    const moved = { ...TO_BOB, fromPort: 4444, toPort: 5555 };
    const found = read(sip, [
      invite('a@b'),
      ok('a@b'),
      udpFrame(rtpPacket(1), moved),
      invite('a@b', description(ALICE, 4444, ['a=rtcp-mux'])),
      udpFrame(receiverReport(), moved),
      udpFrame(rtpPacket(2), moved),
    ]);
    assert.deepEqual(found.slice(2), ['INVITE', 'rtcp a@b PCMU/8000', 'rtp a@b PCMU/8000']);
  });

  test('goes on after a re-INVITE that is refused, and ends soon after BYE', () => {
    const sip = reader();
    const refusal = udpFrame(sipResponse('488 Not Acceptable Here', 'INVITE', 'a@b'), back);
    const rtp = (at: number) => ({ at, frame: udpFrame(rtpPacket(at), TO_BOB) });
    const bye = { at: 60, frame: udpFrame(sipRequest('BYE', 'a@b')) };
    const frames = [invite('a@b'), ok('a@b'), { at: 20, frame: refusal }, rtp(40)];
    assert.deepEqual(read(sip, [...frames, bye, rtp(65), rtp(71)]), [
      ...['INVITE', '200', '488', 'rtp a@b PCMU/8000', 'BYE', 'rtp a@b PCMU/8000'],
    ]);
  });

  test('ends soon after the first INVITE is refused or cancelled', () => {
    for (const end of [
      udpFrame(sipResponse('486 Busy Here', 'INVITE', 'a@b'), back),
      udpFrame(sipRequest('CANCEL', 'a@b')),
    ]) {
      const frame = udpFrame(rtpPacket(1), TO_ALICE);
      const found = read(reader(), [invite('a@b'), end, { at: 9, frame }, { at: 11, frame }]);
      assert.equal(found.filter((what) => what.startsWith('rtp')).length, 1);
    }
  });

  test('expires five minutes after its last packet, by the time of packets', () => {
    const rtp = (at: number) => ({ at, frame: udpFrame(rtpPacket(1), TO_ALICE) });
    const found = read(reader(), [invite('a@b'), rtp(299), rtp(598), rtp(899)]);
    assert.equal(found.length, 3);
  });

  test('is that of calls that the filters keep', async () => {
    const filters = [await compileSipFilter('(callid kept)')];
    const found = read(reader({ filters }), [
      invite('kept', description(ALICE, 4000)),
      invite('other', description(ALICE, 6000)),
      udpFrame(rtpPacket(1), { ...TO_ALICE, toPort: 6000 }),
      udpFrame(rtpPacket(1), TO_ALICE),
    ]);
    assert.deepEqual(found, ['INVITE', 'rtp kept PCMU/8000']);
  });

  test("is known by the time of packets, whatever time HEP's writers claim", () => {
    const sip = reader();
    const message = sipRequest('INVITE', 'liar', [], description('203.0.113.9', 9000));
    const hep = new HepWriter({ version: 3, captureId: 1 });
    const future = passageOf(ALICE, BOB, { seconds: 0xffff_ffff });
    const payload = { bytes: message, start: 0, end: message.length };
    const length = hep.write(future, PayloadType.Sip, payload);
    const frame = udpFrame(Buffer.from(hep.bytes.subarray(0, length)), { toPort: 9060 });
    const found = read(sip, [
      invite('a@b'),
      frame,
      { at: 100, frame: udpFrame(rtpPacket(1), TO_ALICE) },
    ]);
    assert.deepEqual(found, ['INVITE', 'INVITE', 'rtp a@b PCMU/8000']);
  });

  test('is described by a part of a body, too', () => {
    const parts = ['--x', 'Content-Type: application/sdp', '', OFFER, '--x--', ''].join('\r\n');
    const request = sipRequest('INVITE', 'a@b', [], parts).toString();
    const frame = udpFrame(
      Buffer.from(request.replace('application/sdp', 'multipart/mixed;boundary=x')),
    );
    assert.deepEqual(read(reader(), [frame, udpFrame(rtpPacket(1), TO_ALICE)]), [
      'INVITE',
      'rtp a@b PCMU/8000',
    ]);
  });

  test('has the reports of RTCP beside the packet, those of XR alone as well', () => {
    const batch = new MessageBatch();
    const frames = [invite('a@b'), udpFrame(extendedReport(), RTCP_TO_BOB), ok('a@b')].map(
      (frame, fraction) => ({
        seconds: SECONDS,
        fraction,
        frame,
      }),
    );
    const sip = reader();
    sip.read(batchOf(frames.slice(2)), batch);
    sip.read(batchOf(frames.slice(0, 2)), batch);
    batch.media.go(0);
    const { bytes, start, end, reportsEnd } = batch.media.packet;
    assert.deepEqual(bytes.subarray(start, end), extendedReport());
    const reports = JSON.parse(bytes.toString('utf8', end, reportsEnd)) as object;
    assert.ok('xr' in reports || 'report_blocks_xr' in reports, JSON.stringify(reports));
  });

  test('of 10,000 mutated packets is in one counter each, and nothing is thrown', () => {
    const mutations = new Mutations(5004);
    const originals = [
      ...[rtpPacket(1), receiverReport(), extendedReport()],
      Buffer.concat([
        receiverReport(),
        Buffer.from('81ca0004112233440105614062 2e630202c3a900'.replaceAll(' ', ''), 'hex'),
      ]),
    ];
    const sip = reader();
    read(sip, [invite('a@b'), ok('a@b')]);
    let reported = 0;
    for (let round = 0; round < 100; round++) {
      const frames = Array.from({ length: 100 }, () => udpFrame(mutations.next(originals), TO_BOB));
      reported += read(sip, frames).length;
    }
    const { in: taken, out, outcomes } = sip.account();
    assert.equal(taken.packets, 10_002);
    assert.equal(out.packets, 2 + reported);
    assert.equal(
      out.packets +
        (outcomes.get('no-sip')?.packets ?? 0) +
        (outcomes.get('malformed-sip')?.packets ?? 0),
      10_002,
    );
    assert.ok(reported > 1000 && reported < 9900, String(reported));
  });
});

test('readers that share calls know media whose messages another one has seen', () => {
  const exchanges: CallExchange[] = [];
  const readers = [0, 1].map((own) => {
    const exchange = new CallExchange((notes) => {
      exchanges[1 - own]?.hear(structuredClone(notes));
    });
    exchanges.push(exchange);
    return reader({ media: 'rtcp', calls: exchange });
  });
  const [one, other] = readers as [SipReader, SipReader];
  const rtcp = udpFrame(receiverReport(), RTCP_TO_BOB);
  assert.deepEqual(read(other, [rtcp]), []);
  assert.deepEqual(read(one, [invite('a@b'), ok('a@b')]), ['INVITE', '200']);
  assert.deepEqual(read(other, [rtcp]), ['rtcp a@b PCMU/8000']);
  // The end comes by another way than the beginning.
  assert.deepEqual(read(other, [udpFrame(sipRequest('BYE', 'a@b'))]), ['BYE']);
  const late = (at: number) => ({ at, frame: rtcp });
  assert.deepEqual(read(one, [late(5), late(15)]), ['rtcp a@b PCMU/8000']);
});
