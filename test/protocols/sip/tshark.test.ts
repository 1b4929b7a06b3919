import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { pcapFile } from '../../support/pcap-file.js';
import { runCommand } from '../../support/run-command.js';
import { tempFolder } from '../../support/temp-folder.js';
import { Mutations } from '../mutations.js';
import { BYE, INVITE, message, RINGING } from './messages.js';
import { bytesOf, INVALID, UNUSUAL, VALID } from './torture.js';

const RAW_IP = 101;
const FIELDS = {
  method: 'sip.Method',
  status: 'sip.Status-Code',
  uri: 'sip.r-uri',
  callId: 'sip.Call-ID',
  fromUri: 'sip.from.addr',
  toUri: 'sip.to.addr',
  cseqMethod: 'sip.CSeq.method',
  contentLength: 'sip.Content-Length',
  vias: 'sip.Via',
} as const;

type Field = keyof typeof FIELDS;
type Fields = Record<Field, string>;

const ALL = Object.keys(FIELDS) as Field[];
const OF_A_REQUEST = ALL.filter((field) => field !== 'status');

/** Where tshark 4 finds less, or shows something else. */
const DIFFERENT: Readonly<Record<string, readonly Field[]>> = {
  // It knows no header whose name has white space behind it.
  wsinv: ['fromUri', 'toUri', 'contentLength', 'vias'],
  longreq: ['vias'],
  // The name of an extension header, and a method, that it does not expect.
  intmeth: ['cseqMethod', 'contentLength'],
  // A quoted name without an end; brackets around the URI; a URI without a host.
  quotbal: ['toUri'],
  ltgtruri: ['uri'],
  unksm2: ['toUri'],
  // More or other blanks than one in the first line: no SIP.
  lwsruri: OF_A_REQUEST,
  lwsstart: OF_A_REQUEST,
  trws: OF_A_REQUEST,
};

/** An IPv4 packet with a UDP datagram to SIP's port, without checksums. */
function ipPacket(payload: Buffer): Buffer {
  const header = Buffer.from('4500000000000000401100000a0000010a00000213c413c400000000', 'hex');
  header.writeUInt16BE(header.length + payload.length, 2);
  header.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([header, payload]);
}

/** What tshark says of each (without the blanks that it leaves behind a URI) of these messages; all in one run. */
async function dissected(folder: string, messages: readonly Buffer[]): Promise<Fields[]> {
  const file = path.join(folder, 'sip.pcap');
  const packets = messages.map((bytes, index) => ({
    seconds: index,
    fraction: 0,
    frame: ipPacket(bytes),
  }));
  await writeFile(file, pcapFile({ packets, linkType: RAW_IP }));
  const fields = Object.values(FIELDS).flatMap((field) => ['-e', field]);
  const args = ['-r', file, '-d', 'udp.port==5060,sip', '-T', 'json', ...fields];
  const output = JSON.parse(await runCommand('tshark', ...args)) as {
    _source: { layers: Partial<Record<string, string[]>> };
  }[];
  return output.map(({ _source: { layers } }) => {
    const values = Object.entries(FIELDS).map(([name, field]) => [
      name,
      name === 'vias' ? (layers[field]?.join(',') ?? '') : (layers[field]?.[0] ?? '').trim(),
    ]);
    return Object.fromEntries(values) as Fields;
  });
}

const sip = new SipMessage();

function parsed(bytes: Buffer): Fields | undefined {
  if (sip.readDatagram(bytes, 0, bytes.length) !== Verdict.Sip) return undefined;
  return {
    method: sip.isRequest ? sip.text(sip.method) : '',
    status: sip.isRequest ? '' : String(sip.status),
    uri: sip.text(sip.uri),
    callId: sip.text(sip.callId),
    fromUri: sip.uriText(sip.from),
    toUri: sip.uriText(sip.to),
    cseqMethod: sip.text(sip.cseqMethod),
    contentLength: sip.contentLength === -1 ? '' : String(sip.contentLength),
    vias: sip.viaText(),
  };
}

/** Ordinary messages: each way to write a header with each other one. */
function ordinary(count: number): [name: string, bytes: Buffer][] {
  const random = new Mutations(5060);
  const pick = <T>(...from: readonly T[]): T => random.pick(from);
  return Array.from({ length: count }, (_, index) => {
    const method = pick(
      'INVITE',
      'ACK',
      'BYE',
      'OPTIONS',
      'REGISTER',
      'NOTIFY',
      'MESSAGE',
      'UPDATE',
      'PRACK',
    );
    const user = pick('alice', '+49301234567', 'a%20b', 'x.y-z_1');
    const host = pick(
      'example.com',
      '192.0.2.7:5080',
      '[2001:db8::1]',
      'a.b.example.org;transport=tcp',
    );
    const address = (): string =>
      pick(
        `<sip:${user}@${host}>`,
        `"A, \\"B\\" <c>" <sip:${user}@${host}>`,
        `Alice <sips:${user}@${host}>`,
        `sip:${user}@example.net`,
      );
    const body = pick('', 'hello', 'v=0\r\ns=-\r\n');
    const headers = [
      ...Array.from(
        { length: 1 + random.number(3) },
        () =>
          `${pick('Via', 'v', 'VIA')}: SIP/2.0/${pick('UDP', 'TCP', 'WS')} ${pick('h.example.com', '192.0.2.9:5061')};branch=z9hG4bK${random.number(1e6)}`,
      ),
      `${pick('From', 'f', 'FROM')}:${pick('', ' ', '  ')}${address()};tag=${random.number(1e6)}`,
      `${pick('To', 't', 'tO')}: ${address()}${pick('', ';tag=1', ' ;tag=2')}`,
      `${pick('Call-ID', 'i', 'call-id')}: ${random.number(1e9)}@${pick('host', '192.0.2.1')}`,
      `CSeq: ${random.number(1e9)} ${method}`,
      `${pick('Contact', 'm')}: <sip:${user}@${host}>`,
      ...pick([], ['Subject: a, b; c'], ['User-Agent: x/1.0 (y)', 'X-Odd: <>"":']),
      `${pick('Content-Length', 'l')}: ${body.length}`,
    ];
    const status = pick(100, 180, 200, 302, 404, 486, 503, 603);
    const first = pick(
      `${method} sip:${user}@${host} SIP/2.0`,
      `SIP/2.0 ${status} ${pick('OK', 'Not Here', '')}`,
    );
    return [`${index}: ${first}`, message(first, headers, body)];
  });
}

test('finds the same as tshark, field by field', async (t) => {
  const named: [name: string, bytes: Buffer][] = [
    ['invite', INVITE],
    ['ringing', RINGING],
    ['bye', BYE],
    ...[...VALID, ...INVALID, ...UNUSUAL].map((torture): [string, Buffer] => [
      torture.name,
      bytesOf(torture),
    ]),
    ...ordinary(500),
  ];
  const messages = named.map(([, bytes]) => bytes);
  const results = await dissected(await tempFolder(t), messages);
  assert.equal(results.length, named.length);
  let compared = 0;
  for (const [index, [name, bytes]] of named.entries()) {
    const ours = parsed(bytes);
    const theirs = results[index];
    if (!ours || !theirs) continue;
    for (const field of ALL) {
      const isDifferent = DIFFERENT[name]?.includes(field) ?? false;
      assert.equal(
        ours[field] !== theirs[field],
        isDifferent,
        `${name}: ${field}: ${ours[field]}, ${theirs[field]}`,
      );
      compared++;
    }
  }
  assert.ok(compared > 4500);
});
