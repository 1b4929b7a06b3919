import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { MediaBatch } from '#kcap/protocols/media-batch.js';
import type { Passage } from '#kcap/protocols/passage.js';
import { fnv1a64 } from '#kcap/protocols/report/fnv.js';
import { writeAddress } from '#kcap/protocols/report/ip-text.js';
import { MediaRecords } from '#kcap/reports/media-record.js';
import { MqttEnvelopeWriter } from '#kcap/protocols/report/mqtt-envelope.js';
import { SipRecords } from '#kcap/reports/sip-record.js';
import { writeTime } from '#kcap/protocols/report/time-text.js';
import { MediaKind } from '#kcap/protocols/rtp/media-packet.js';
import { writeRtcp } from '#kcap/protocols/rtp/rtcp.js';
import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { Mutations } from '../mutations.js';
import { addressBytes, passageOf } from '../passages.js';
import { BYE, INVITE, message, RINGING } from '../sip/messages.js';
import { bytesOf, INVALID, UNUSUAL, VALID } from '../sip/torture.js';

const json = new JsonBytes();
const sip = new SipMessage();
const REPORTER = { taskId: 'sip', agentId: 'edge-1', pipelineId: 0 };

/** What has been written since the last call. */
function written(): string {
  const text = json.bytes.toString('utf8', 0, json.length);
  json.clear();
  return text;
}

function read(bytes: Buffer): void {
  assert.equal(sip.readDatagram(bytes, 0, bytes.length), Verdict.Sip);
}

/** The bytes of the record that the message has become. */
function writeRecord(records: SipRecords, passage: Passage): number {
  records.add(sip, passage);
  return records.writeAll(json, new Int32Array(1));
}

describe('the record of a SIP message', () => {
  const records = new SipRecords(REPORTER, 'lines');

  test("of a request is capture-agent's, with the fields of kcap", () => {
    read(INVITE);
    writeRecord(records, passageOf('192.0.2.1', '192.0.2.2'));
    assert.equal(
      written(),
      '{"task_id":"sip","agent_id":"edge-1","pipeline_id":0,"timestamp":1700000000123,"timestamp_us":1700000000123456,' +
        '"src_ip":"192.0.2.1","dst_ip":"192.0.2.2","src_port":5060,"dst_port":5080,"protocol":17,"payload_type":"sip",' +
        '"labels":{"sip.method":"INVITE","sip.call_id":"3848276298220188511@atlanta.example.com",' +
        '"sip.from_uri":"sip:alice@atlanta.example.com","sip.to_uri":"sip:bob@biloxi.example.com",' +
        '"sip.via":"SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74b43","sip.cseq_method":"INVITE"},' +
        `"raw_payload":"${INVITE.toString('base64')}","raw_payload_len":${INVITE.length}}\n`,
    );
  });

  test('of a response has its status instead of a method', () => {
    read(RINGING);
    writeRecord(records, passageOf('2001:db8:0:0:0:0:0:1', '0:0:0:0:0:0:0:1', { protocol: 6 }));
    const record = JSON.parse(written()) as Record<string, unknown>;
    const { src_ip, dst_ip, protocol } = record;
    const labels = record['labels'] as Record<string, string>;
    assert.deepEqual([src_ip, dst_ip, protocol], ['2001:db8::1', '::1', 6]);
    assert.deepEqual(Object.keys(labels), [
      'sip.status_code',
      'sip.call_id',
      'sip.from_uri',
      'sip.to_uri',
      'sip.via',
      'sip.cseq_method',
    ]);
    assert.equal(labels['sip.status_code'], '180');
  });

  test('has no labels but those of headers that are there', () => {
    read(message('BYE sip:a SIP/2.0', ['X: 1']));
    writeRecord(records, passageOf('192.0.2.1', '192.0.2.2'));
    assert.deepEqual((JSON.parse(written()) as { labels: unknown }).labels, {
      'sip.method': 'BYE',
    });
    read(message('SIP/2.0 200 OK', ['i:']));
    writeRecord(records, passageOf('192.0.2.1', '192.0.2.2'));
    assert.deepEqual((JSON.parse(written()) as { labels: unknown }).labels, {
      'sip.status_code': '200',
      'sip.call_id': '',
    });
  });

  test('says the same as the labels as text, of torture messages and 10,000 mutated ones', () => {
    const originals = [INVITE, RINGING, BYE, ...[...VALID, ...INVALID, ...UNUSUAL].map(bytesOf)];
    const mutations = new Mutations(28);
    const passage = passageOf('192.0.2.1', '192.0.2.2');
    for (let turn = 0; turn < 10_000 + originals.length; turn++) {
      const bytes = originals[turn] ?? mutations.next(originals);
      if (sip.readDatagram(bytes, 0, bytes.length) !== Verdict.Sip) continue;
      writeRecord(records, passage);
      const record = JSON.parse(written()) as {
        labels: Record<string, string>;
        raw_payload: string;
      };
      const { labels } = record;
      assert.equal(labels['sip.call_id'] ?? '', sip.text(sip.callId));
      assert.equal(labels['sip.from_uri'] ?? '', sip.uriText(sip.from));
      assert.equal(labels['sip.to_uri'] ?? '', sip.uriText(sip.to));
      assert.equal(labels['sip.via'] ?? '', sip.viaText());
      assert.equal(labels['sip.cseq_method'] ?? '', sip.text(sip.cseqMethod));
      assert.deepEqual(
        Buffer.from(record.raw_payload, 'base64'),
        bytes.subarray(sip.start, sip.end),
      );
    }
  });
});

describe('the Kafka message', () => {
  const messages = new SipRecords(REPORTER, 'kafka');
  const records = new SipRecords(REPORTER, 'lines');

  test('has the ends as its key, the record as its value, and labels among its headers', () => {
    read(RINGING);
    const passage = passageOf('192.0.2.1', '192.0.2.2');
    writeRecord(records, passage);
    const record = written().trimEnd();
    json.piece('before');
    const bytes = writeRecord(messages, passage);
    const [framed, ...others] = framesIn(json.bytes.subarray(6, json.length));
    json.clear();
    assert.equal(others.length, 0);
    assert.equal(bytes, record.length);
    assert.deepEqual(framed, {
      key: '192.0.2.1:5060-192.0.2.2:5080',
      value: record,
      timestampMs: 1_700_000_000_123,
      headers: [
        ['task_id', 'sip'],
        ['agent_id', 'edge-1'],
        ['payload_type', 'sip'],
        ['src_ip', '192.0.2.1'],
        ['dst_ip', '192.0.2.2'],
        ['src_port', '5060'],
        ['dst_port', '5080'],
        ['timestamp', '1700000000123'],
        ...Object.entries((JSON.parse(record) as { labels: Record<string, string> }).labels).map(
          ([name, value]) => [`l.${name}`, value],
        ),
      ],
    });
  });

  test('has the same labels in value and headers, of torture messages and 10,000 mutated ones', () => {
    const originals = [INVITE, RINGING, BYE, ...[...VALID, ...INVALID, ...UNUSUAL].map(bytesOf)];
    const mutations = new Mutations(29);
    const passage = passageOf('2001:db8:0:0:0:0:0:1', '0:0:0:0:0:0:0:1');
    for (let turn = 0; turn < 10_000 + originals.length; turn++) {
      const bytes = originals[turn] ?? mutations.next(originals);
      if (sip.readDatagram(bytes, 0, bytes.length) !== Verdict.Sip) continue;
      writeRecord(messages, passage);
      const [framed] = framesIn(json.bytes.subarray(0, json.length));
      json.clear();
      assert.ok(framed);
      assert.equal(framed.key, '2001:db8::1:5060-::1:5080');
      const { labels } = JSON.parse(framed.value) as { labels: Record<string, string> };
      const ofHeaders = framed.headers.slice(8).map(([name, value]) => [name.slice(2), value]);
      assert.deepEqual(Object.fromEntries(ofHeaders), labels);
    }
  });
});

interface Framed {
  readonly key: string;
  readonly value: string;
  readonly timestampMs: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What the addon reads: native/wire/framed_message.h. */
function framesIn(bytes: Buffer): Framed[] {
  const frames: Framed[] = [];
  for (let at = 0; at < bytes.length;) {
    const frame = bytes.subarray(at, at + bytes.readUInt32LE(at));
    let from = 24;
    const take = (length: number) => frame.toString('utf8', from, (from += length));
    const [key, value] = [take(frame.readUInt32LE(4)), take(frame.readUInt32LE(8))];
    const headers = Array.from({ length: frame.readUInt32LE(12) }, () => {
      const [name, length] = [frame.readUInt32LE(from), frame.readUInt32LE(from + 4)];
      from += 8;
      if (name < 0x8000_0000) return [take(name), take(length)] as const;
      const valueAt = frame.readUInt32LE(from);
      from += 4;
      const value = frame.toString('utf8', valueAt, valueAt + length);
      return [take(name - 0x8000_0000), value] as const;
    });
    assert.equal(from, frame.length);
    frames.push({ key, value, timestampMs: Number(frame.readBigInt64LE(16)), headers });
    at += frame.length;
  }
  return frames;
}

describe('the MQTT envelope', () => {
  const envelopes = new MqttEnvelopeWriter('1.2.3');

  test("is sip-capture's, with the time of the capture and the version", () => {
    read(BYE);
    envelopes.write(json, sip, passageOf('192.0.2.1', '192.0.2.2', { microseconds: 500_000 }));
    assert.equal(
      written(),
      `{"sip":"${BYE.toString('base64')}","time":"2023-11-14T22:13:20.5Z","id":"3848276298220188511@atlanta.example.com","version":"kcap/1.2.3"}`,
    );
  });

  test('has the hash of the message where there is no Call-ID, or an empty one', () => {
    for (const header of ['X: 1', 'i:']) {
      const bytes = message('BYE sip:a SIP/2.0', [header]);
      read(bytes);
      envelopes.write(json, sip, passageOf('192.0.2.1', '192.0.2.2'));
      assert.equal((JSON.parse(written()) as { id: string }).id, fnv1a64(bytes, 0, bytes.length));
    }
  });
});

describe('records of media', () => {
  const records = new MediaRecords(REPORTER, 'lines');
  const media = new MediaBatch();
  const passage = passageOf('192.0.2.1', '192.0.2.2');

  /** Writes the record of a packet that has gone through a batch. */
  function write(bytes: Buffer, kind: MediaKind, reports?: JsonBytes): void {
    const facts = { kind, callId: 'a-call', codec: 'PCMA/8000', messagesBefore: 0 };
    media.clear();
    media.append({ ...facts, ...(reports && { reports }) }, bytes, 0, bytes.length, passage);
    media.go(0);
    records.write(json, media.packet, media.passage);
  }

  test('name what the header says, the call and the codec', () => {
    const bytes = Buffer.from('8088 1234 00010203 0000beef aabb'.replaceAll(' ', ''), 'hex');
    write(bytes, MediaKind.Rtp);
    const record = JSON.parse(written()) as Record<string, unknown>;
    assert.equal(record['payload_type'], 'rtp');
    assert.deepEqual(record['labels'], {
      'rtp.version': '2',
      'rtp.payload_type': '8',
      'rtp.seq': '4660',
      'rtp.timestamp': '66051',
      'rtp.ssrc': '0x0000BEEF',
      'rtp.marker': 'true',
      'rtp.has_ext': 'false',
      'rtp.call_id': 'a-call',
      'rtp.codec': 'PCMA/8000',
    });
    assert.equal(record['raw_payload'], bytes.toString('base64'));
  });

  test('have the reports of RTCP', () => {
    const bytes = Buffer.from('80c900011122aabb', 'hex');
    const reports = new JsonBytes();
    assert.notEqual(writeRtcp(reports, bytes, 0, bytes.length), -1);
    write(bytes, MediaKind.Rtcp, reports);
    const record = JSON.parse(written()) as Record<string, unknown>;
    assert.deepEqual(record['labels'], {
      'rtcp.payload_type': '201',
      'rtcp.ssrc': '0x1122AABB',
      'rtcp.call_id': 'a-call',
      'rtcp.codec': 'PCMA/8000',
    });
    assert.deepEqual(record['payload'], {
      ssrc: 0x1122aabb,
      type: 201,
      report_count: 0,
      report_blocks: [],
    });
  });
});

describe('JSON as bytes', () => {
  test('has any bytes as a string, as JSON.stringify has their text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (input) => {
          // A line end with blanks after it would be a folded line.
          const bytes = Buffer.from(input.map((byte) => (byte === 10 ? 11 : byte)));
          json.string(bytes, 0, bytes.length);
          assert.equal(written(), JSON.stringify(bytes.toString()));
        },
      ),
    );
  });

  test('has any whole number', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.maxSafeInteger(),
          fc.integer(),
          fc.constantFrom(0, 9, 10, 99, 100, 0x7fff_ffff, 0x8000_0000),
        ),
        (number) => {
          json.number(number);
          assert.equal(written(), String(number));
        },
      ),
    );
  });

  test('grows with what is written', () => {
    const bytes = Buffer.alloc(100_000, '"');
    json.string(bytes, 0, bytes.length);
    json.base64(bytes, 0, bytes.length);
    assert.equal(json.length, 200_002 + Math.ceil(100_000 / 3) * 4);
    json.clear();
  });
});

test('addresses are written as RFC 5952 has them', () => {
  const texts: [full: string, text: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:1:2:3:4:5:6', '::1:2:3:4:5:6'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['fe80:0:0:0:abcd:0ef0:00a0:1000', 'fe80::abcd:ef0:a0:1000'],
    ['0:0:0:0:0:ffff:c000:201', '::ffff:192.0.2.1'],
  ];
  for (const [full, text] of texts) {
    const bytes = Buffer.from([7, ...addressBytes(full)]);
    writeAddress(json, bytes, 1, bytes.length === 5 ? 4 : 16);
    assert.equal(written(), text);
  }
});

test('times are written as RFC 3339 has them', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 0xffff_ffff }),
      fc.oneof(fc.nat({ max: 999_999 }), fc.constantFrom(0, 1, 10, 100_000)),
      (seconds, micros) => {
        writeTime(json, seconds, micros);
        const fraction = `.${String(micros).padStart(6, '0')}`.replace(/\.?0+$/, '');
        assert.equal(
          written(),
          new Date(seconds * 1000).toISOString().replace('.000Z', `${fraction}Z`),
        );
      },
    ),
  );
});

test("the hash is FNV-1a's of 64 bits", () => {
  assert.equal(fnv1a64(Buffer.alloc(0), 0, 0), 'cbf29ce484222325');
  assert.equal(fnv1a64(Buffer.from('foobar'), 0, 6), '85944171f73967e8');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
      let hash = 0xcbf29ce484222325n;
      for (const byte of input)
        hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
      assert.equal(fnv1a64(Buffer.from(input), 0, input.length), hash.toString(16));
    }),
  );
});
