import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';

import { compileSipFilter } from '#kcap/language/sip-filter.js';
import { packetsWithFate, underWay } from '#kcap/pipeline/account.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipReader } from '#kcap/sinks/sip-reader.js';

import { batchOf } from '../packet/packets.js';
import { Mutations } from '../protocols/mutations.js';
import { passageOf } from '../protocols/passages.js';
import { packetsOf, sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';

function read(reader: SipReader, frames: readonly Buffer[], linkType = 1): string[] {
  const messages = new MessageBatch();
  reader.read(batchOf(packetsOf(frames), { linkType }), messages);
  return Array.from({ length: messages.count }, (_, index) => {
    messages.go(index);
    const { message, passage } = messages;
    const first = message.isRequest ? message.text(message.method) : String(message.status);
    return `${first} ${message.text(message.callId)} ${passage.transport} ${passage.microseconds}`;
  });
}

function outcomes(reader: SipReader): Record<string, number> {
  const { in: taken, out, outcomes: settled } = reader.account();
  return {
    in: taken.packets,
    out: out.packets,
    ...Object.fromEntries([...settled].map(([id, { packets }]) => [id, packets])),
  };
}

const INVITE = sipRequest('INVITE', 'a@b');

test('each packet and each payload is in one counter', () => {
  const reader = new SipReader({ filters: [], reassembles: true });
  const fragment = Buffer.from(udpFrame(INVITE));
  fragment.writeUInt16BE(0x2000, 20);
  const arp = Buffer.concat([udpFrame(INVITE).subarray(0, 12), Buffer.from('0806', 'hex')]);
  const found = read(reader, [
    udpFrame(INVITE),
    udpFrame(sipResponse('200 OK', 'INVITE', 'a@b'), {
      from: '2001:db8:0:0:0:0:0:1',
      to: '2001:db8:0:0:0:0:0:2',
    }),
    udpFrame(Buffer.from(INVITE.toString().replace('Length: 0', 'Length: 7'))),
    udpFrame(Buffer.from('\r\n\r\n')),
    udpFrame(Buffer.alloc(0)),
    udpFrame(Buffer.from('8000123456', 'hex')),
    fragment,
    Buffer.concat([arp, Buffer.alloc(28)]),
  ]);
  assert.deepEqual(found, ['INVITE a@b udp 0', '200 a@b udp 1']);
  assert.deepEqual(outcomes(reader), {
    ...{ in: 8, out: 2, 'malformed-sip': 1, 'no-sip': 3, fragment: 1, 'no-transport': 1 },
  });
  assert.deepEqual([reader.found, reader.leftOut, reader.notSip, reader.malformed], [2, 0, 1, 1]);
});

test('a message that a filter leaves out counts as left out, whatever the headers are that it did not ask for', async () => {
  const malformed = (bytes: Buffer) =>
    udpFrame(Buffer.from(bytes.toString().replace('Length: 0', 'Length: 7')));
  const counted = async (text: string, bytes: Buffer) => {
    const reader = new SipReader({ filters: [await compileSipFilter(text)], reassembles: true });
    assert.deepEqual(read(reader, [malformed(bytes)]), []);
    const { found, leftOut, malformed: invalid } = reader;
    return { found, leftOut, invalid, ...outcomes(reader) };
  };
  const ringing = sipResponse('180 Ringing', 'INVITE', 'a@b');
  const packet = { in: 1, out: 0 };
  const leftOut = { found: 1, leftOut: 1, invalid: 0, ...packet, 'sip-filter': 1 };
  const invalid = { found: 0, leftOut: 0, invalid: 1, ...packet, 'malformed-sip': 1 };
  assert.deepEqual(await counted('(method bye)', INVITE), leftOut);
  assert.deepEqual(await counted('(all (method bye) (from a))', INVITE), leftOut);
  assert.deepEqual(await counted('(status 200)', ringing), leftOut);
  assert.deepEqual(await counted('(method bye)', ringing), leftOut);
  assert.deepEqual(await counted('(from nobody)', INVITE), leftOut);
  assert.deepEqual(await counted('(not (callid a@b))', ringing), leftOut);
  // Those that were to be reported, or whose headers have been read: there may be several Contacts.
  assert.deepEqual(await counted('(method invite)', INVITE), invalid);
  assert.deepEqual(await counted('(any (method invite) (from a))', INVITE), invalid);
  assert.deepEqual(await counted('(method invite)', ringing), invalid);
  assert.deepEqual(await counted('(hasheader contact)', INVITE), invalid);
});

test('all filters have to match', async () => {
  const filters = await Promise.all(
    ['(method invite bye)', '(not (callid x))', '(port 5080)'].map(compileSipFilter),
  );
  const reader = new SipReader({ filters, reassembles: true });
  const found = read(reader, [
    udpFrame(INVITE),
    udpFrame(sipRequest('BYE', 'x')),
    udpFrame(sipRequest('BYE', 'y'), { toPort: 5090 }),
    udpFrame(sipRequest('ACK', 'z')),
    udpFrame(sipRequest('BYE', 'z')),
  ]);
  assert.deepEqual(found, ['INVITE a@b udp 0', 'BYE z udp 4']);
  assert.deepEqual(outcomes(reader), { in: 5, out: 2, 'sip-filter': 3 });
  assert.deepEqual([reader.found, reader.leftOut], [5, 3]);
});

test('SIP in HEP has the inner time and ends, compressed or not', () => {
  const inner = passageOf('203.0.113.1', '203.0.113.2', { microseconds: 77, protocol: 6 });
  const packed = deflateSync(INVITE);
  const frames = [3, 2].map((version) => {
    const writer = new HepWriter({ version: version === 3 ? 3 : 2, captureId: 1 });
    const payload = { bytes: INVITE, start: 0, end: INVITE.length };
    const length = writer.write(inner, PayloadType.Sip, payload);
    return udpFrame(Buffer.from(writer.bytes.subarray(0, length)), { toPort: 9060 });
  });
  const writer = new HepWriter({ version: 3, captureId: 1 });
  const bomb = deflateSync(Buffer.alloc(10_000_000));
  for (const bytes of [packed, bomb]) {
    const payload = { bytes, start: 0, end: bytes.length };
    const length = writer.write(inner, PayloadType.Sip, payload, undefined, true);
    frames.push(udpFrame(Buffer.from(writer.bytes.subarray(0, length)), { toPort: 9060 }));
  }
  const reader = new SipReader({ filters: [], reassembles: true });
  const expected = 'INVITE a@b tcp 77';
  assert.deepEqual(read(reader, frames), [expected, expected, expected]);
  assert.deepEqual([reader.notSip, outcomes(reader)['no-sip']], [1, 1]);
});

/** The two halves of an IPv4 frame, as fragments. */
function halves(frame: Buffer, id: number): [Buffer, Buffer] {
  const cut = 34 + 64;
  const first = Buffer.from(frame.subarray(0, cut));
  const second = Buffer.concat([frame.subarray(0, 34), frame.subarray(cut)]);
  for (const [half, field] of [
    [first, 0x2000],
    [second, 64 / 8],
  ] as const) {
    half.writeUInt16BE(half.length - 14, 16);
    half.writeUInt16BE(id, 18);
    half.writeUInt16BE(field, 20);
  }
  return [first, second];
}

test('fragments: the datagram is one message, and its packets are out together', () => {
  const reader = new SipReader({ filters: [], reassembles: true });
  const [first, second] = halves(udpFrame(INVITE), 1);
  const [lost] = halves(udpFrame(INVITE), 2);
  assert.deepEqual(read(reader, [second, lost]), []);
  assert.equal(underWay(reader.account()).packets, 2);
  assert.deepEqual(read(reader, [udpFrame(sipRequest('BYE', 'x')), first]), [
    'BYE x udp 0',
    'INVITE a@b udp 1',
  ]);
  reader.finish(new MessageBatch());
  assert.deepEqual(outcomes(reader), { in: 5 - 1, out: 3, fragment: 1 });
  assert.deepEqual(underWay(reader.account()), { packets: 0, bytes: 0 });
  assert.deepEqual([reader.fragmentsMerged, reader.reassemblyTimeouts], [1, 1]);
});

test('fragments are left alone where that is asked for', () => {
  const reader = new SipReader({ filters: [], reassembles: false });
  assert.deepEqual(read(reader, halves(udpFrame(INVITE), 1)), []);
  assert.deepEqual(outcomes(reader), { in: 2, out: 0, fragment: 2 });
});

test('TCP: messages over many segments, and several in one; their packets are out with them', () => {
  const stream = Buffer.concat([INVITE, sipRequest('BYE', 'x'), sipRequest('ACK', 'y')]);
  const segment = (from: number, to: number) => {
    const head = Buffer.alloc(12);
    head.writeUInt32BE(1000 + from, 0);
    head.writeUInt16BE(0x5018, 8);
    // udpFrame puts eight bytes of its own before the payload: ports, which TCP has, too, and four more.
    const frame = udpFrame(Buffer.concat([head, stream.subarray(from, to)]));
    frame[23] = 6;
    const ports = frame.subarray(0, 38);
    const tcp = Buffer.concat([ports, head.subarray(0, 4), Buffer.alloc(4), head.subarray(8)]);
    const whole = Buffer.concat([tcp, Buffer.alloc(4), stream.subarray(from, to)]);
    whole.writeUInt16BE(whole.length - 14, 16);
    return whole;
  };
  const reader = new SipReader({ filters: [], reassembles: true });
  assert.deepEqual(read(reader, [segment(0, 100)]), []);
  assert.equal(underWay(reader.account()).packets, 1);
  const [first, last] = [segment(100, 400), segment(400, stream.length)];
  assert.deepEqual(read(reader, [last, first]), ['INVITE a@b tcp 1', 'BYE x tcp 1', 'ACK y tcp 1']);
  reader.finish(new MessageBatch());
  assert.deepEqual(outcomes(reader), { in: 3, out: 3 });
});

test('10,000 damaged frames: nothing is thrown, and the counters add up', () => {
  const writer = new HepWriter({ version: 3, captureId: 1 });
  const payload = { bytes: INVITE, start: 0, end: INVITE.length };
  const length = writer.write(passageOf('203.0.113.1', '203.0.113.2'), PayloadType.Sip, payload);
  const originals = [
    udpFrame(INVITE),
    udpFrame(sipResponse('180 Ringing', 'INVITE', 'a@b')),
    udpFrame(INVITE, { from: '2001:db8:0:0:0:0:0:1', to: '2001:db8:0:0:0:0:0:2' }),
    udpFrame(Buffer.from(writer.bytes.subarray(0, length))),
  ];
  const mutations = new Mutations(20_261);
  const reader = new SipReader({ filters: [], reassembles: true });
  let reported = 0;
  for (let round = 0; round < 100; round++) {
    const frames = Array.from({ length: 100 }, () => mutations.next(originals));
    reported += read(reader, frames, [1, 113, 101, 276][round % 4] ?? 1).length;
  }
  reader.finish(new MessageBatch());
  const account = reader.account();
  assert.equal(account.in.packets, 10_000);
  assert.deepEqual(underWay(account), { packets: 0, bytes: 0 });
  assert.equal(account.out.packets + packetsWithFate(account, 'filtered'), 10_000);
  assert.equal(reader.found, reported);
  assert.equal(account.out.packets, reported);
  assert.ok(reported > 500 && reader.malformed > 50 && reader.notSip > 50);
});
