import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { packetsWithFate, underWay } from '#kcap/pipeline/account.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipReader } from '#kcap/sinks/sip-reader.js';

import { batchOf } from '../packet/packets.js';
import { Mutations } from '../protocols/mutations.js';
import { passageOf } from '../protocols/passages.js';
import { deflated, maskedFrame, UPGRADE } from '../protocols/sip/websocket-frames.js';
import { assertFlat } from '../support/assert-flat.js';
import { fragment4, fragment6, piecesOf } from '../support/fragments.js';
import { ethernet, ipv4, tcp, udp } from '../support/frames.js';
import { description, receiverReport, rtpPacket } from '../support/rtp-packets.js';
import { sipRequest, sipResponse } from '../support/sip-packets.js';
import { TUNNELLED } from '../support/tunnels.js';

const SECONDS = 1_700_000_000;
const INVITE = sipRequest('INVITE', 'a@b', [], description('198.51.100.2', 4000));
const LONG = sipRequest('MESSAGE', 'long', [`Subject: ${'x'.repeat(3000)}`]);

const datagram = (payload: Buffer, port = 5060) => ipv4(17, udp([5060, port], payload));
const framed = (packet: Buffer) => ethernet(0x0800, packet);
const segment = (sequence: number, payload: Buffer, port = 5060) =>
  framed(ipv4(6, tcp([port, 5060], payload, { sequence })));

/** Reads packets of one second. */
function read(reader: SipReader, frames: readonly Buffer[], second = 0): number {
  const batch = new MessageBatch();
  const packets = frames.map((frame, fraction) => ({
    ...{ seconds: SECONDS + second, fraction, frame },
  }));
  reader.read(batchOf(packets), batch);
  return batch.total;
}

/** Each packet is in one counter, and each message. */
function assertCounted(reader: SipReader, packets: number, reported: number): void {
  reader.finish(new MessageBatch());
  const account = reader.account();
  assert.equal(account.in.packets, packets);
  assert.deepEqual(underWay(account), { packets: 0, bytes: 0 });
  assert.equal(account.out.packets + packetsWithFate(account, 'filtered'), packets);
  assert.ok(reader.found >= reported);
}

const newReader = () => new SipReader({ filters: [], reassembles: true, media: 'all' });

/** Of every kind that is read: one packet each, or the pieces of what comes in several. */
async function corpus(): Promise<Buffer[][]> {
  const hep = new HepWriter({ version: 3, captureId: 1 });
  const payload = { bytes: INVITE, start: 0, end: INVITE.length };
  const length = hep.write(passageOf('203.0.113.1', '203.0.113.2'), PayloadType.Sip, payload);
  const [compressed] = await deflated([LONG]);
  assert.ok(compressed);
  const stream = Buffer.concat([
    UPGRADE,
    maskedFrame(1, INVITE),
    maskedFrame(1, compressed, { reserved: 4 }),
  ]);
  const pieces = piecesOf(udp([5060, 5060], LONG), [1480]);
  const nested = Object.values(TUNNELLED).reduce((packet, wrap) => wrap(packet), datagram(INVITE));
  return [
    [framed(datagram(INVITE)), framed(datagram(sipResponse('200 OK', 'INVITE', 'a@b')))],
    [framed(datagram(Buffer.from(hep.bytes.subarray(0, length)), 9060))],
    [framed(datagram(rtpPacket(1), 4000)), framed(datagram(receiverReport(), 4001))],
    pieces.map((piece) => framed(fragment4(piece))),
    pieces.map((piece) => ethernet(0x86dd, fragment6(piece))),
    [
      segment(1000, LONG.subarray(0, 1400)),
      segment(3800, LONG.subarray(2800)),
      segment(2400, LONG.subarray(1400, 2800)),
    ],
    [
      segment(1, stream.subarray(0, 200), 6000),
      segment(201, stream.subarray(200, 900), 6000),
      segment(901, stream.subarray(900), 6000),
    ],
    [framed(nested)],
    ...Object.values(TUNNELLED).map((wrap) => [framed(wrap(datagram(INVITE)))]),
  ];
}

describe('hostile packets', () => {
  test('10,000 mutated frames, fragments, segments, HEP and WebSocket frames: each is in one counter', async () => {
    const groups = await corpus();
    const all = groups.flat();
    const mutations = new Mutations(20_261_128);
    const reader = newReader();
    let [packets, reported] = [0, 0];
    for (let round = 0; packets < 10_000; round++) {
      // Whole groups, so that some become messages, and of each some packets are damaged.
      const frames = groups.flatMap((group) =>
        group.map((frame) => (mutations.number(3) === 0 ? mutations.next(all) : frame)),
      );
      packets += frames.length;
      reported += read(reader, frames, round);
    }
    assertCounted(reader, packets, reported);
    assert.ok(reported > 2000 && reader.malformed > 20 && reader.notSip > 100);
  });

  test('a header line of 64 KiB and 10,000 headers are read, over UDP and TCP, in the time of their bytes', () => {
    const line = sipRequest('MESSAGE', 'line', [`Subject: ${'x'.repeat(64 * 1024)}`]);
    const many = sipRequest(
      'MESSAGE',
      'many',
      Array.from({ length: 10_000 }, (_, index) => `X-${index}: ${index}`),
    );
    const vias = sipRequest(
      'MESSAGE',
      'vias',
      Array.from({ length: 10_000 }, (_, index) => `v: SIP/2.0/UDP h${index % 10}`),
    );
    const reader = newReader();
    const frames = [line, many, vias].flatMap((message, index) =>
      Array.from({ length: Math.ceil(message.length / 1000) }, (_, part) =>
        segment(1 + 1000 * part, message.subarray(1000 * part, 1000 * (part + 1)), 7000 + index),
      ),
    );
    assert.equal(read(reader, frames), 3);
    // As fragments make up to 64 KiB of a datagram.
    const short = Buffer.concat([
      many.subarray(0, 60_000).subarray(0, many.lastIndexOf('\r\n', 59_999) + 2),
      Buffer.from('\r\n'),
    ]);
    const whole = udp([5060, 5060], short);
    const cuts = Array.from(
      { length: Math.floor(whole.length / 1480) },
      (_, index) => 1480 * (index + 1),
    );
    const fragments = piecesOf(whole, cuts).map((piece) => framed(fragment4(piece)));
    assert.equal(read(reader, fragments), 1);
    assertCounted(reader, frames.length + fragments.length, 4);
  });

  test('a flood of connections that begin messages and do not end them takes no more memory than some', async () => {
    const reader = newReader();
    const begun = INVITE.subarray(0, 300);
    let packets = 0;
    const frame = segment(1, begun);
    const batch = batchOf(
      Array.from({ length: 100 }, (_, fraction) => ({ seconds: SECONDS, fraction, frame })),
    );
    const size = batch.bytes.length / 100;
    const sourceAt = 16 + 14 + 12;
    const flood = () => {
      for (let round = 0; round < 500; round++) {
        for (let index = 0; index < 100; index++)
          batch.bytes.writeUInt32BE(packets++, index * size + sourceAt);
        reader.read(batch, new MessageBatch());
      }
    };
    flood();
    await assertFlat(flood);
    assertCounted(reader, packets, 0);
    assert.ok(reader.malformed > packets - 1000, String(reader.malformed));
  });

  test('tunnels within tunnels without end are given up, and counted', () => {
    const reader = newReader();
    const { gre, vxlan, ipip } = TUNNELLED;
    assert.ok(gre && vxlan && ipip);
    let packet = datagram(INVITE);
    const frames = Array.from({ length: 40 }, (_, depth) => {
      packet = [gre, vxlan, ipip][depth % 3]?.(packet) ?? packet;
      return framed(packet);
    });
    for (let round = 0; round < 250; round++) read(reader, frames, round);
    assert.equal(reader.found, 250 * 8);
    assertCounted(reader, 10_000, 250 * 8);
  });
});
