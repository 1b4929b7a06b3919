import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeToTransport } from '#kcap/decode/decode-layer.js';
import { Layer, Trouble } from '#kcap/decode/layer.js';

import { batchOf } from '../packet/packets.js';
import { ethernet, ipv4, udp } from '../support/frames.js';
import { pcapFile } from '../support/pcap-file.js';
import { type KnownPacket, LIKE_TCPDUMP, OWN_LINES } from './known-packets.js';

/** What tshark and the cursor are asked of each packet: the innermost one's. */
interface Facts {
  readonly what: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: string;
}

const FIELDS = [
  ...['frame.protocols', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst'],
  ...['udp.srcport', 'udp.dstport', 'tcp.srcport', 'tcp.dstport', 'sctp.srcport', 'sctp.dstport'],
];
/** What the cursor means to see otherwise, and why. */
const NOT_COMPARED: Readonly<Record<string, string>> = {
  'nine tunnels': 'it follows eight',
  'UDP shorter than its header': 'there is no saying what it carries',
  'IPv4, first fragment': 'only the whole datagram has a payload',
  'IPv6, first fragment': 'only the whole datagram has a payload',
};

function tshark(known: readonly KnownPacket[]): Facts[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'kcap-cursor-'));
  try {
    const file = path.join(folder, 'known.pcap');
    const packets = known.map(({ frame }, index) => ({ seconds: index, fraction: 0, frame }));
    writeFileSync(file, pcapFile({ packets, linkType: known[0]?.linkType ?? 1 }));
    const output = execFileSync(
      'tshark',
      [
        ...['-n', '-r', file, '-T', 'fields', '-E', 'occurrence=l', '-E', 'separator=|'],
        ...['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE'],
        ...FIELDS.flatMap((field) => ['-e', field]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    return output
      .trimEnd()
      .split('\n')
      .map((line, index) => factsOf(line, known[index]?.what ?? ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function factsOf(line: string, what: string): Facts {
  const [protocols = '', ip4, ip4To, ip6, ip6To, ...ports] = line.split('|');
  const last = /.*:(ipv6|ip)\b/.exec(protocols)?.[1];
  const from = last === 'ipv6' ? ip6 : ip4;
  const to = last === 'ipv6' ? ip6To : ip4To;
  // An error of ICMP holds another packet's header; and a broken transport no payload.
  const transport = /icmp/.test(protocols) ? undefined : /.*:(udp|tcp|sctp)\b/.exec(protocols)?.[1];
  const at = { udp: 0, tcp: 2, sctp: 4 }[transport ?? ''];
  const ends =
    at === undefined ? '' : `${transport ?? ''} ${ports[at] ?? ''} ${ports[at + 1] ?? ''}`;
  return at === undefined
    ? { what, source: '', destination: '', ports: '' }
    : { what, source: from ?? '', destination: to ?? '', ports: ends };
}

function decoded({ what, linkType, frame }: KnownPacket): Facts {
  const cursor = new PacketCursor();
  cursor.begin(batchOf([{ seconds: 0, fraction: 0, frame }], { linkType }));
  assert.ok(cursor.next());
  if (!decodeToTransport(cursor)) return { what, source: '', destination: '', ports: '' };
  const name = { 17: 'udp', 6: 'tcp', 132: 'sctp' }[cursor.transport] ?? '';
  return {
    what,
    source: addressAt(cursor, cursor.sourceAt),
    destination: addressAt(cursor, cursor.destinationAt),
    ports: `${name} ${cursor.sourcePort} ${cursor.destinationPort}`,
  };
}

function addressAt({ bytes, ipVersion }: PacketCursor, at: number): string {
  if (ipVersion === 4) return [...bytes.subarray(at, at + 4)].join('.');
  const words = bytes.toString('hex', at, at + 16).match(/.{4}/g) ?? [];
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}

describe('the cursor', () => {
  const all: readonly KnownPacket[] = [...LIKE_TCPDUMP, ...OWN_LINES];
  const comparable = all.filter(({ what }) => NOT_COMPARED[what] === undefined);
  for (const linkType of new Set(comparable.map((packet) => packet.linkType))) {
    test(`finds the transport that tshark finds, whatever is around it: link type ${linkType}`, () => {
      const known = comparable.filter((packet) => packet.linkType === linkType);
      assert.deepEqual(known.map(decoded), tshark(known));
    });
  }

  test('moves from packet to packet, with their times and lengths', () => {
    const frame = ethernet(0x0800, ipv4(17, udp([5, 6], Buffer.from('hello'))));
    const cursor = new PacketCursor();
    cursor.begin(
      batchOf(
        [
          { seconds: 7, fraction: 8, frame },
          { seconds: 9, fraction: 10, frame: frame.subarray(0, 30), originalLength: 100 },
          { seconds: 11, fraction: 12, frame },
        ],
        { precision: 'nano' },
      ),
    );
    assert.ok(cursor.next());
    assert.deepEqual([cursor.seconds, cursor.fraction, cursor.isNanoseconds], [7, 8, true]);
    assert.ok(decodeToTransport(cursor));
    assert.equal(cursor.bytes.toString('latin1', cursor.at, cursor.end), 'hello');
    assert.ok(cursor.next());
    assert.deepEqual([cursor.wireLength, cursor.frameEnd - cursor.frameAt], [100, 30]);
    assert.equal(decodeToTransport(cursor), false);
    assert.equal(cursor.trouble, Trouble.Cut);
    assert.ok(cursor.next());
    assert.ok(decodeToTransport(cursor));
    assert.equal(cursor.next(), false);
  });

  test('leaves a fragment for whoever puts datagrams together', () => {
    const whole = udp([5, 6], Buffer.from('a message that comes in two'));
    const cursor = new PacketCursor();
    const parts = [
      ipv4(17, whole.subarray(0, 16), { fragment: 0x2000, id: 77 }),
      ipv4(17, whole.subarray(16), { fragment: 0x0002, id: 77 }),
    ];
    cursor.begin(
      batchOf(parts.map((part) => ({ seconds: 0, fraction: 0, frame: ethernet(0x0800, part) }))),
    );
    const pieces: Buffer[] = [];
    while (cursor.next()) {
      assert.equal(decodeToTransport(cursor), false);
      assert.deepEqual([cursor.protocol, cursor.fragmentId, cursor.ipVersion], [17, 77, 4]);
      assert.deepEqual(
        [cursor.fragmentOffset, cursor.hasMoreFragments],
        pieces.length === 0 ? [0, true] : [16, false],
      );
      pieces.push(Buffer.from(cursor.bytes.subarray(cursor.at, cursor.end)));
    }
    const datagram = Buffer.concat(pieces);
    cursor.continueIn(datagram, Layer.Udp, 0, datagram.length);
    assert.ok(decodeToTransport(cursor));
    assert.equal(
      cursor.bytes.toString('latin1', cursor.at, cursor.end),
      'a message that comes in two',
    );
  });
});
