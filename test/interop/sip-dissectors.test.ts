import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { Mutations } from '../protocols/mutations.js';
import {
  deflated,
  frame,
  maskedFrame,
  UPGRADE,
  UPGRADED,
} from '../protocols/sip/websocket-frames.js';
import { ethernet, ipv4, IPV4_ENDS, tcp } from '../support/frames.js';
import { kcap } from '../support/kcap.js';
import { pcapFile } from '../support/pcap-file.js';
import { description } from '../support/rtp-packets.js';
import { runCommand } from '../support/run-command.js';
import { packetsOf, sipRequest, sipResponse, udpFrame } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';

/** What kcap reports of packets, field by field beside what tshark's dissectors show of them. */

interface MediaRecord {
  readonly payload_type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly payload?: Reports;
}

interface Reports {
  readonly type?: number;
  readonly ssrc?: number;
  readonly report_count?: number;
  readonly sender_information?: Readonly<Record<string, number>>;
  readonly report_blocks?: readonly Readonly<Record<string, number>>[];
  readonly sdes_information?: readonly { readonly type: number; readonly text: string }[];
}

type Layers = Readonly<Partial<Record<string, readonly string[]>>>;

async function captureFile(t: TestContext, frames: readonly Buffer[]): Promise<string> {
  const file = path.join(await tempFolder(t), 'packets.pcap');
  await writeFile(file, pcapFile({ packets: packetsOf(frames) }));
  return file;
}

async function recordsOf(t: TestContext, file: string): Promise<MediaRecord[]> {
  const run = kcap(t, ['sip', '-r', file, '--rtp']);
  assert.equal((await run.exit).status, 0, run.stderr);
  const lines = run.stdout.toString().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as MediaRecord);
}

/** The fields that tshark shows of the packets that match, all values of each. */
async function dissected(
  file: string,
  wanted: string,
  fields: readonly string[],
  ...options: readonly string[]
): Promise<Layers[]> {
  const output = await runCommand(
    'tshark',
    ...['-r', file, '-Y', wanted, '-T', 'json', ...options],
    ...fields.flatMap((field) => ['-e', field]),
  );
  const packets = JSON.parse(output) as { _source: { layers: Layers } }[];
  return packets.map(({ _source: { layers } }) => layers);
}

const random = new Mutations(3550);
const bits32 = () => random.number(0x1_0000) * 0x1_0000 + random.number(0x1_0000);
const u32 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
};

const CALL = [
  udpFrame(sipRequest('INVITE', 'a@b', [], description('192.0.2.1', 4000))),
  udpFrame(sipResponse('200 OK', 'INVITE', 'a@b', description('192.0.2.2', 5000))),
];
const MEDIA = { from: '192.0.2.1', to: '192.0.2.2' };

function anyRtp(): Buffer {
  const sources = random.number(4);
  const hasExtension = random.number(3) === 0;
  const head = Buffer.from([
    0x80 | (hasExtension ? 0x10 : 0) | sources,
    // The types between 64 and 95 would be RTCP's with the marker.
    (random.number(2) << 7) | random.pick([0, 8, 9, 18, 96, 101, 127]),
  ]);
  const sequence = Buffer.alloc(2);
  sequence.writeUInt16BE(random.number(0x1_0000));
  return Buffer.concat([
    ...[head, sequence, u32(bits32(), bits32())],
    u32(...Array.from({ length: sources }, bits32)),
    hasExtension ? Buffer.concat([Buffer.from('bede0001', 'hex'), u32(bits32())]) : Buffer.alloc(0),
    Buffer.alloc(random.number(160), 0xff),
  ]);
}

/** A packet of RTCP, of this type. */
function rtcpPacket(type: number, count: number, body: Buffer): Buffer {
  const head = Buffer.from([0x80 | count, type, 0, 0]);
  head.writeUInt16BE(body.length / 4, 2);
  return Buffer.concat([head, body]);
}

function reportBlock(): Buffer {
  const lost = Buffer.alloc(4);
  lost[0] = random.number(256);
  lost.writeIntBE(random.number(2000) - 1000, 1, 3);
  return Buffer.concat([u32(bits32()), lost, u32(bits32(), bits32(), bits32(), bits32())]);
}

/** A report of a sender or a receiver with a description behind it: what ordinary endpoints send. */
function anyRtcp(): Buffer {
  const ssrc = bits32();
  const blocks = Array.from({ length: random.number(4) }, reportBlock);
  const isSender = random.number(2) === 0;
  const sender = isSender ? u32(bits32(), bits32(), bits32(), bits32(), bits32()) : Buffer.alloc(0);
  const name = random.pick(['a@example.com', 'bb@x', 'c'.repeat(30)]);
  const item = Buffer.concat([Buffer.from([1, name.length]), Buffer.from(name)]);
  const padding = Buffer.alloc(4 - (item.length % 4));
  return Buffer.concat([
    rtcpPacket(isSender ? 200 : 201, blocks.length, Buffer.concat([u32(ssrc), sender, ...blocks])),
    rtcpPacket(202, 1, Buffer.concat([u32(ssrc), item, padding])),
  ]);
}

const numbersOf = (layers: Layers, field: string) => (layers[field] ?? []).map(Number);
const isTrue = (text: string | undefined) => text === '1' || text === 'True' || text === 'true';

describe("kcap beside tshark's dissectors", () => {
  test('RTP, field by field', async (t) => {
    const packets = Array.from({ length: 300 }, anyRtp);
    const ports = { ...MEDIA, fromPort: 4000, toPort: 5000 };
    const file = await captureFile(t, [...CALL, ...packets.map((bytes) => udpFrame(bytes, ports))]);
    const ours = (await recordsOf(t, file))
      .filter(({ payload_type }) => payload_type === 'rtp')
      .map(({ labels }) => [
        ...['version', 'payload_type', 'seq', 'timestamp'].map((name) =>
          Number(labels[`rtp.${name}`]),
        ),
        Number(labels['rtp.ssrc']),
        ...['marker', 'has_ext'].map((name) => labels[`rtp.${name}`] === 'true'),
      ]);
    const fields = ['version', 'p_type', 'seq', 'timestamp', 'ssrc', 'marker', 'ext'];
    const theirs = await dissected(
      file,
      'rtp',
      fields.map((field) => `rtp.${field}`),
      ...['-d', 'udp.port==5000,rtp'],
    );
    assert.deepEqual(
      ours,
      theirs.map((layers) => [
        ...fields.slice(0, 5).map((field) => Number(layers[`rtp.${field}`]?.[0])),
        ...fields.slice(5).map((field) => isTrue(layers[`rtp.${field}`]?.[0])),
      ]),
    );
    assert.equal(ours.length, packets.length);
  });

  test('RTCP, report by report', async (t) => {
    const packets = Array.from({ length: 300 }, anyRtcp);
    const ports = { ...MEDIA, fromPort: 4001, toPort: 5001 };
    const file = await captureFile(t, [...CALL, ...packets.map((bytes) => udpFrame(bytes, ports))]);
    const records = (await recordsOf(t, file)).filter(
      ({ payload_type }) => payload_type === 'rtcp',
    );
    const blockFields = {
      source_ssrc: 'rtcp.ssrc.identifier',
      fraction_lost: 'rtcp.ssrc.fraction',
      packets_lost: 'rtcp.ssrc.cum_nr',
      highest_seq_no: 'rtcp.ssrc.ext_high',
      ia_jitter: 'rtcp.ssrc.jitter',
      lsr: 'rtcp.ssrc.lsr',
      dlsr: 'rtcp.ssrc.dlsr',
    };
    const senderFields = {
      ntp_timestamp_sec: 'rtcp.timestamp.ntp.msw',
      ntp_timestamp_usec: 'rtcp.timestamp.ntp.lsw',
      rtp_timestamp: 'rtcp.timestamp.rtp',
      packets: 'rtcp.sender.packetcount',
      octets: 'rtcp.sender.octetcount',
    };
    const theirs = await dissected(
      file,
      'rtcp',
      [
        ...['rtcp.pt', 'rtcp.senderssrc', 'rtcp.rc', 'rtcp.sdes.text'],
        ...[...Object.values(blockFields), ...Object.values(senderFields)],
      ],
      ...['-d', 'udp.port==5001,rtcp'],
    );
    const ours = records.map(({ payload = {} }) => ({
      type: payload.type,
      ssrc: payload.ssrc,
      count: payload.report_count,
      name: payload.sdes_information?.[0]?.text,
      blocks: Object.keys(blockFields).map((name) =>
        (payload.report_blocks ?? []).map((block) => block[name]),
      ),
      sender: Object.keys(senderFields).map((name) => payload.sender_information?.[name]),
    }));
    const shown = theirs.map((layers) => ({
      type: numbersOf(layers, 'rtcp.pt')[0],
      ssrc: numbersOf(layers, 'rtcp.senderssrc')[0],
      count: numbersOf(layers, 'rtcp.rc')[0],
      name: layers['rtcp.sdes.text']?.[0],
      // Behind those of the reports comes that of the description.
      blocks: Object.values(blockFields).map((field) =>
        numbersOf(layers, field).slice(0, numbersOf(layers, 'rtcp.rc')[0]),
      ),
      sender: Object.values(senderFields).map((field) => numbersOf(layers, field)[0]),
    }));
    assert.deepEqual(ours, shown);
    assert.equal(ours.length, packets.length);
  });

  for (const isCompressed of [false, true])
    test(`SIP over WebSocket${isCompressed ? ', compressed' : ''}: the same messages in the same order`, async (t) => {
      const requests = Array.from({ length: 40 }, (_, index) =>
        sipRequest(random.pick(['INVITE', 'BYE', 'OPTIONS', 'MESSAGE']), `call-${index}`, [
          `Subject: ${'x'.repeat(random.number(3000))}`,
        ]),
      );
      const responses = requests.map((_, index) =>
        sipResponse('200 OK', 'OPTIONS', `call-${index}`),
      );
      const extension = 'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n';
      const upgrade = (bytes: Buffer) =>
        isCompressed ? Buffer.from(bytes.toString().replace(/\r\n$/, extension)) : bytes;
      const [sent, answered] = isCompressed
        ? [await deflated(requests), await deflated(responses)]
        : [requests, responses];
      const reserved = isCompressed ? 4 : 0;
      const file = await captureFile(
        t,
        connection([
          ['client', upgrade(UPGRADE)],
          ['server', upgrade(UPGRADED)],
          ...sent.flatMap((bytes, index) => [
            ['client', maskedFrame(1, bytes, { reserved })] as const,
            ['server', frame(1, answered[index] ?? bytes, { reserved })] as const,
          ]),
        ]),
      );
      const ours = (await recordsOf(t, file)).map(({ labels }) => [
        labels['sip.method'] ?? labels['sip.status_code'],
        labels['sip.call_id'],
      ]);
      const theirs = await dissected(
        file,
        'websocket && sip',
        ['sip.Method', 'sip.Status-Code', 'sip.Call-ID'],
        ...['-d', 'tcp.port==8080,http'],
      );
      assert.deepEqual(
        ours,
        theirs.map((layers) => [
          (layers['sip.Method'] ?? layers['sip.Status-Code'])?.[0],
          layers['sip.Call-ID']?.[0],
        ]),
      );
      assert.equal(ours.length, 80);
    });
});

/** The frames of a connection in which both sides say these things in turn, in segments of up to 1000 bytes. */
function connection(
  said: readonly (readonly [who: 'client' | 'server', bytes: Buffer])[],
): Buffer[] {
  const { source, destination } = IPV4_ENDS;
  const next = { client: 1000, server: 5000 };
  const segment = (who: 'client' | 'server', content: Buffer, flags: string) => {
    const isClient = who === 'client';
    const addresses = isClient
      ? { source, destination }
      : { source: destination, destination: source };
    const header = {
      ...{ flags, addresses, sequence: next[who] },
      acknowledgment: next[isClient ? 'server' : 'client'],
    };
    const ports = isClient ? ([40_000, 8080] as const) : ([8080, 40_000] as const);
    const bytes = ethernet(0x0800, ipv4(6, tcp(ports, content, header), addresses));
    next[who] += content.length + (flags.includes('S') ? 1 : 0);
    return bytes;
  };
  const nothing = Buffer.alloc(0);
  const frames = [segment('client', nothing, 'S'), segment('server', nothing, 'S.')];
  for (const [who, bytes] of said)
    for (let at = 0; at < bytes.length; at += 1000)
      frames.push(segment(who, bytes.subarray(at, at + 1000), 'P.'));
  return frames;
}
