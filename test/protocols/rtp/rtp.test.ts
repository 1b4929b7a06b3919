import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { writeRtcp } from '#kcap/protocols/rtp/rtcp.js';
import { isRtcp, RtpHeader } from '#kcap/protocols/rtp/rtp-header.js';

import { Mutations } from '../mutations.js';

const json = new JsonBytes();

function reports(hex: string): unknown {
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
  json.clear();
  if (writeRtcp(json, bytes, 0, bytes.length) === -1) {
    assert.equal(json.length, 0);
    return undefined;
  }
  return JSON.parse(json.bytes.toString('utf8', 0, json.length));
}

const SENDER = `81c8000c 11223344 e0000001 80000000 000003e8 00000064 00003e80
  55667788 05fffffe 00010203 00000014 aabbccdd 00010000`;
const RECEIVER = '81c90007 11223344 55667788 80000005 00010203 00000014 aabbccdd 00010000';
const DESCRIPTION = '81ca0004 11223344 01056140622e63 0202c3a9 00';
const BYE = '82cb0004 11223344 55667788 0462796565 000000';
const APPLICATION = '85cc0003 11223344 6b636170 01020304';
const EXTENDED = `80cf000d 11223344
  04000002 e0000001 80000000
  07000008 55667788 0102 0304 0005 0006 0007 0008 f6e20914 5c7f2a29 3000 0028 0050 00c8`;

describe('an RTP header', () => {
  test('is read with all its fields', () => {
    const header = new RtpHeader();
    const bytes = Buffer.from(
      'b2e0 1234 00010203 deadbeef 00000001 00000002 bede0001 01020304 aabb 0002'.replaceAll(
        ' ',
        '',
      ),
      'hex',
    );
    assert.equal(header.read(bytes, 0, bytes.length), true);
    assert.deepEqual(Object.fromEntries(Object.entries(header)), {
      version: 2,
      hasPadding: true,
      hasExtension: true,
      hasMarker: true,
      sourceCount: 2,
      payloadType: 0x60,
      sequence: 0x1234,
      timestamp: 0x00010203,
      ssrc: 0xdeadbeef,
      payloadAt: 28,
      payloadEnd: 30,
    });
  });

  test('is not what is too short, of another version, or leads out of the datagram', () => {
    const header = new RtpHeader();
    for (const hex of [
      '80000000000000000000',
      '400000000000000000000000',
      '810000000000000000000000',
      '900000000000000000000000',
      '90000000000000000000000000000001',
      'a0000000000000000000000d',
      '80c800000000000000000000',
    ]) {
      const bytes = Buffer.from(hex, 'hex');
      assert.equal(header.read(bytes, 0, bytes.length), false, hex);
    }
  });
});

describe('RTCP as JSON', () => {
  const block = {
    source_ssrc: 0x55667788,
    highest_seq_no: 0x00010203,
    ia_jitter: 20,
    lsr: 0xaabbccdd,
    dlsr: 0x10000,
  };

  test("has a sender's report under captagent's names", () => {
    assert.deepEqual(reports(SENDER), {
      sender_information: {
        ntp_timestamp_sec: 0xe0000001,
        ntp_timestamp_usec: 0x80000000,
        octets: 16_000,
        rtp_timestamp: 1000,
        packets: 100,
      },
      ssrc: 0x11223344,
      type: 200,
      report_count: 1,
      report_blocks: [{ ...block, fraction_lost: 5, packets_lost: -2 }],
    });
  });

  test("has a receiver's report", () => {
    assert.deepEqual(reports(RECEIVER), {
      ssrc: 0x11223344,
      type: 201,
      report_count: 1,
      report_blocks: [{ ...block, fraction_lost: 128, packets_lost: 5 }],
    });
    assert.deepEqual(reports('80c90001 11223344'), {
      ssrc: 0x11223344,
      type: 201,
      report_count: 0,
      report_blocks: [],
    });
  });

  test('has all packets of a compound', () => {
    assert.deepEqual(
      Object.keys(reports(RECEIVER + DESCRIPTION + BYE + APPLICATION + EXTENDED) ?? {}),
      [
        'ssrc',
        'type',
        'report_count',
        'report_blocks',
        'sdes_ssrc',
        'sdes_report_count',
        'sdes_information',
        'bye',
        'app',
        'xr',
        'report_blocks_xr',
      ],
    );
  });

  test('has a source description, the end of streams, and what applications define', () => {
    assert.deepEqual(reports(DESCRIPTION), {
      sdes_ssrc: 0x11223344,
      sdes_report_count: 1,
      sdes_information: [
        { type: 1, text: 'a@b.c' },
        { type: 2, text: 'é' },
      ],
    });
    assert.deepEqual(reports(BYE), { bye: { ssrc: [0x11223344, 0x55667788], reason: 'byee' } });
    assert.deepEqual(reports(APPLICATION), {
      app: { ssrc: 0x11223344, subtype: 5, name: 'kcap', data: 'AQIDBA==' },
    });
  });

  test("has extended reports, VoIP metrics under HOMER's names", () => {
    assert.deepEqual(reports(EXTENDED), {
      xr: {
        ssrc: 0x11223344,
        blocks: [{ type: 4, ntp_timestamp_sec: 0xe0000001, ntp_timestamp_usec: 0x80000000 }],
      },
      report_blocks_xr: {
        type: 7,
        id: 0x55667788,
        fraction_lost: 1,
        fraction_discard: 2,
        burst_density: 3,
        gap_density: 4,
        burst_duration: 5,
        gap_duration: 6,
        round_trip_delay: 7,
        end_system_delay: 8,
        signal_level: -10,
        noise_level: -30,
        rerl: 9,
        gmin: 20,
        r_factor: 92,
        ext_r_factor: 127,
        mos_lq: 42,
        mos_cq: 41,
        rx_config: 0x30,
        jb_nominal: 40,
        jb_maximum: 80,
        jb_abs_max: 200,
      },
    });
    assert.deepEqual(
      reports(
        '80cf0009 11223344 05000003 00000001 00000002 00000003 01000002 0000000a 00010005 63000000',
      ),
      {
        xr: {
          ssrc: 0x11223344,
          blocks: [
            { type: 5, reports: [{ source_ssrc: 1, lrr: 2, dlrr: 3 }] },
            { type: 1, source_ssrc: 10, begin_seq: 1, end_seq: 5 },
            { type: 99 },
          ],
        },
      },
    );
  });

  test('is not made of what leads out of the datagram, or is no RTCP', () => {
    for (const hex of [
      '',
      '80c9',
      '80c90002 11223344',
      '82c90007 11223344 55667788 80000005 00010203 00000014 aabbccdd 00010000',
      '80c80001 11223344',
      '81ca0003 11223344 01ff6140 622e6300',
      '82cb0001 11223344',
      '81cb0002 11223344 ff627965',
      '80cc0001 11223344',
      '80cf0000',
      '80cf0002 11223344 07000008',
      '80cf0002 11223344 04000000',
      '80000001 11223344',
      `${RECEIVER}00`,
    ])
      assert.equal(reports(hex), undefined, hex);
  });

  test('is JSON, or nothing, of 10,000 mutated packets', () => {
    const mutations = new Mutations(3550);
    const originals = [
      SENDER,
      RECEIVER,
      DESCRIPTION,
      BYE,
      APPLICATION,
      EXTENDED,
      RECEIVER + DESCRIPTION,
    ].map((hex) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
    const header = new RtpHeader();
    let count = 0;
    for (let turn = 0; turn < 10_000; turn++) {
      const bytes = mutations.next(originals);
      if (reports(bytes.toString('hex')) !== undefined) count++;
      if (header.read(bytes, 0, bytes.length))
        assert.ok(header.payloadAt <= header.payloadEnd && header.payloadEnd <= bytes.length);
    }
    assert.ok(count > 500 && count < 9000, String(count));
  });
});

test('RTCP and RTP are told apart on one port', () => {
  assert.equal(isRtcp(Buffer.from('80c80000', 'hex'), 0, 4), true);
  assert.equal(isRtcp(Buffer.from('80600000', 'hex'), 0, 4), false);
  assert.equal(isRtcp(Buffer.from('80e00000', 'hex'), 0, 4), false);
  assert.equal(isRtcp(Buffer.from('00c80000', 'hex'), 0, 4), false);
});
