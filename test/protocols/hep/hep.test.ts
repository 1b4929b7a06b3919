import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { hep3Length, HepPacket } from '#kcap/protocols/hep/hep-packet.js';
import { type Bytes, HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import type { Passage } from '#kcap/protocols/passage.js';

import { Mutations } from '../mutations.js';
import { passageOf } from '../passages.js';

const V4 = passageOf('192.0.2.1', '198.51.100.2');
const V6 = passageOf('2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:2', { protocol: 6 });

function bytesOf(text: string): Bytes {
  const bytes = Buffer.from(`##${text}##`);
  return { bytes, start: 2, end: bytes.length - 2 };
}

function written(writer: HepWriter, passage: Passage, payload: string, callId?: string): Buffer {
  const length = writer.write(
    passage,
    PayloadType.Sip,
    bytesOf(payload),
    callId === undefined ? undefined : bytesOf(callId),
  );
  return Buffer.from(writer.bytes.subarray(0, length));
}

describe('HEP3', () => {
  const writer = new HepWriter({
    version: 3,
    captureId: 2001,
    password: 'myHep',
    nodeName: 'fra1',
  });

  test('is written byte for byte as specified', () => {
    const chunks = [
      '000000010007 02',
      '000000020007 11',
      '00000003000a c0000201',
      '00000004000a c6336402',
      '000000070008 13c4',
      '000000080008 13d8',
      '00000009000a 6553f100',
      '0000000a000a 0001e240',
      '0000000b0007 01',
      '0000000c000a 000007d1',
      '0000000e000b 6d79486570',
      '00000011000b 612d696431',
      '00000013000a 66726131',
      '0000000f0009 534950',
    ];
    const body = chunks.join('').replaceAll(' ', '');
    const length = (6 + body.length / 2).toString(16).padStart(4, '0');
    assert.equal(written(writer, V4, 'SIP', 'a-id1').toString('hex'), `48455033${length}${body}`);
  });

  test('leaves out what there is not', () => {
    const bare = new HepWriter({ version: 3, captureId: 1 });
    const hep = new HepPacket();
    const bytes = written(bare, V6, '');
    assert.equal(hep.read(bytes, 0, bytes.length), true);
    assert.equal(
      hep.correlationId.isPresent || hep.password.isPresent || hep.nodeName.isPresent,
      false,
    );
    assert.equal(hep.payload.length, 0);
    assert.equal(hep.passage.ipVersion, 6);
  });

  test('is as long as its length can say, and no longer', () => {
    const bare = new HepWriter({ version: 3, captureId: 1 });
    const empty = written(bare, V4, '').length;
    assert.equal(written(bare, V4, 'x'.repeat(0xffff - empty)).length, 0xffff);
    assert.equal(written(bare, V4, 'x'.repeat(0x10000 - empty)).length, 0);
  });

  test('says that its payload is compressed', () => {
    const length = writer.write(V4, PayloadType.Sip, bytesOf('zipped'), undefined, true);
    const hep = new HepPacket();
    assert.equal(hep.read(writer.bytes, 0, length), true);
    assert.equal(hep.isCompressed, true);
  });

  test('may have chunks of other vendors and of unknown types, in any order', () => {
    const bytes = written(writer, V4, 'SIP', 'id');
    const foreign = Buffer.from('000a00030008ffff000000ff0007aa', 'hex');
    const longer = Buffer.concat([bytes.subarray(0, 6), foreign, bytes.subarray(6)]);
    longer.writeUInt16BE(longer.length, 4);
    const hep = new HepPacket();
    assert.equal(hep.read(longer, 0, longer.length), true);
    assert.equal(longer.toString('utf8', hep.payload.start, hep.payload.end), 'SIP');
  });

  test('is not read where its lengths are wrong', () => {
    const good = written(writer, V4, 'SIP', 'id');
    const faults: [what: string, at: number, value: number][] = [
      ['a total length beyond the datagram', 4, good.length + 1],
      ['a total length within a chunk', 4, good.length - 1],
      ['a total length of less than its header', 4, 5],
      ['a chunk of less than its header', 10, 5],
      ['a chunk beyond the packet', 10, 0xffff],
      ['a number that is too long', 10, 8],
    ];
    const hep = new HepPacket();
    for (const [what, at, value] of faults) {
      const bytes = Buffer.from(good);
      bytes.writeUInt16BE(value, at);
      assert.equal(hep.read(bytes, 0, bytes.length), false, what);
    }
    assert.equal(hep.read(good, 0, good.length - 1), false);
    assert.equal(hep.read(good, 0, 3), false);
  });

  test('says how long it is, in a stream', () => {
    const bytes = written(writer, V4, 'SIP', 'id');
    assert.equal(hep3Length(bytes, 0, 5), 0);
    assert.equal(hep3Length(bytes, 0, 6), bytes.length);
    assert.equal(hep3Length(bytes, 1, bytes.length), 0);
  });
});

describe('HEP2', () => {
  const writer = new HepWriter({ version: 2, captureId: 2001 });

  test('is written byte for byte as captagent does', () => {
    const expected =
      '02100211' +
      '13c413d8' +
      'c0000201' +
      'c6336402' +
      '00f15365' +
      '40e20100' +
      'd1070000' +
      '534950';
    assert.equal(written(writer, V4, 'SIP').toString('hex'), expected);
  });

  test('is read, and so is version 1, which has no time', () => {
    const bytes = written(writer, V6, 'SIP');
    const hep = new HepPacket();
    assert.equal(hep.read(bytes, 0, bytes.length), true);
    assert.deepEqual(
      [hep.version, hep.captureId, hep.passage.seconds, hep.passage.microseconds, hep.payloadType],
      [2, 2001, 1_700_000_000, 123_456, 1],
    );
    assert.equal(bytes.toString('utf8', hep.payload.start, hep.payload.end), 'SIP');
    const first = Buffer.concat([Buffer.from([1]), bytes.subarray(1, 40), Buffer.from('SIP')]);
    assert.equal(hep.read(first, 0, first.length), true);
    assert.deepEqual([hep.version, hep.passage.seconds, hep.payload.length], [1, 0, 3]);
  });
});

const ports = fc.nat({ max: 0xffff });
const uint32 = fc.nat({ max: 0xffff_ffff });

test('what is written is read, whatever it is', () => {
  const hep = new HepPacket();
  fc.assert(
    fc.property(
      fc.record({
        is6: fc.boolean(),
        source: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        destination: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        protocol: fc.nat({ max: 255 }),
        sourcePort: ports,
        destinationPort: ports,
        seconds: uint32,
        microseconds: uint32,
        captureId: uint32,
        password: fc.string({ maxLength: 8 }),
        nodeName: fc.string({ maxLength: 8 }),
        callId: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
        payload: fc.string({ maxLength: 300 }),
        type: fc.constantFrom(PayloadType.Sip, PayloadType.Rtcp, PayloadType.RtpReport),
        version: fc.constantFrom(2 as const, 3 as const),
      }),
      ({
        version,
        captureId,
        password,
        nodeName,
        callId,
        payload,
        type,
        is6,
        source,
        destination,
        ...fields
      }) => {
        const writer = new HepWriter({ version, captureId, password, nodeName });
        const passage = passageOf('192.0.2.1', '192.0.2.2', fields);
        passage.ipVersion = is6 ? 6 : 4;
        passage.addresses = Buffer.from([...source, ...destination]);
        passage.sourceAt = 0;
        passage.destinationAt = 16;
        const length = writer.write(
          passage,
          type,
          bytesOf(payload),
          callId === undefined ? undefined : bytesOf(callId),
        );
        const { bytes } = writer;
        assert.equal(hep.read(bytes, 0, length), true);
        const size = is6 ? 16 : 4;
        const { passage: inner } = hep;
        assert.deepEqual(
          [
            inner.ipVersion,
            inner.protocol,
            inner.sourcePort,
            inner.destinationPort,
            inner.seconds,
            inner.microseconds,
          ],
          [
            is6 ? 6 : 4,
            fields.protocol,
            fields.sourcePort,
            fields.destinationPort,
            fields.seconds,
            fields.microseconds,
          ],
        );
        assert.deepEqual(
          [...bytes.subarray(inner.sourceAt, inner.sourceAt + size)],
          [...source.subarray(0, size)],
        );
        assert.deepEqual(
          [...bytes.subarray(inner.destinationAt, inner.destinationAt + size)],
          [...destination.subarray(0, size)],
        );
        assert.equal(
          bytes.toString('utf8', hep.payload.start, hep.payload.end),
          Buffer.from(payload).toString(),
        );
        assert.equal(hep.captureId, version === 3 ? captureId : captureId & 0xffff);
        if (version === 2) return;
        const text = (range: {
          start: number;
          end: number;
          isPresent: boolean;
        }): string | undefined =>
          range.isPresent ? bytes.toString('utf8', range.start, range.end) : undefined;
        assert.equal(hep.payloadType, type);
        assert.equal(text(hep.correlationId), callId);
        assert.equal(text(hep.password) ?? '', password);
        assert.equal(text(hep.nodeName) ?? '', nodeName);
      },
    ),
  );
});

test('10,000 mutated packets are read within their bounds', () => {
  const three = new HepWriter({ version: 3, captureId: 7, password: 'p', nodeName: 'n' });
  const two = new HepWriter({ version: 2, captureId: 7 });
  const originals = [V4, V6].flatMap((passage) => [
    written(three, passage, 'INVITE sip:a SIP/2.0\r\n\r\n', 'id'),
    written(two, passage, 'INVITE sip:a SIP/2.0\r\n\r\n'),
  ]);
  const mutations = new Mutations(9060);
  const hep = new HepPacket();
  let count = 0;
  for (let turn = 0; turn < 10_000; turn++) {
    const bytes = mutations.next(originals);
    if (!hep.read(bytes, 0, bytes.length)) continue;
    count++;
    const { payload, password, correlationId, nodeName, passage } = hep;
    for (const range of [payload, password, correlationId, nodeName])
      assert.ok(!range.isPresent || (range.start <= range.end && range.end <= bytes.length));
    assert.ok(passage.sourceAt + passage.addressBytes <= bytes.length);
    assert.ok(passage.destinationAt + passage.addressBytes <= bytes.length);
  }
  assert.ok(count > 1000 && count < 9000, String(count));
});
