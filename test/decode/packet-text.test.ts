import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';

import { PacketText, type PacketTextOptions } from '#kcap/decode/text/packet-text.js';

import { batchOf } from '../packet/packets.js';
import { pcapFile } from '../support/pcap-file.js';
import { type KnownPacket, LIKE_TCPDUMP, OWN_LINES } from './known-packets.js';

process.env['TZ'] = 'UTC';

const PLAIN: PacketTextOptions = { verbose: false, dump: 'none', colours: false };
const packetsOf = (known: readonly KnownPacket[]) =>
  known.map(({ frame }, index) => ({ seconds: 1_700_000_000 + index, fraction: 123_456, frame }));

/** What is printed of a packet, after the time. */
function printed(
  { linkType, frame }: KnownPacket,
  options: Partial<PacketTextOptions> = {},
): string {
  const batch = batchOf([{ seconds: 0, fraction: 0, frame }], { linkType });
  const text = new PacketText({ ...PLAIN, ...options }).print(batch).toString('latin1');
  assert.ok(text.startsWith('00:00:00.000000 ') && text.endsWith('\n'), text);
  return text.slice('00:00:00.000000 '.length, -1);
}

/** What tcpdump prints of these packets, one text a packet. */
function tcpdump(known: readonly KnownPacket[], ...options: string[]): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'kcap-lines-'));
  try {
    const file = path.join(folder, 'known.pcap');
    writeFileSync(file, pcapFile({ packets: packetsOf(known), linkType: known[0]?.linkType ?? 1 }));
    const output = execFileSync('tcpdump', ['-n', ...options, '-r', file], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TZ: 'UTC' },
    });
    return textsOf(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Splits where a line begins with a time. */
function textsOf(output: string): string[] {
  return output.slice(0, -1).split(/\n(?=\d\d:\d\d:\d\d\.)/);
}

function ours(known: readonly KnownPacket[], options: Partial<PacketTextOptions> = {}): string[] {
  const batch = batchOf(packetsOf(known), { linkType: known[0]?.linkType ?? 1 });
  return textsOf(new PacketText({ ...PLAIN, ...options }).print(batch).toString('latin1'));
}

/** Of these tcpdump -v says more, or says it otherwise. */
const VERBOSE_DIFFERS = [
  ...['listener query v2', 'listener report v2', 'router advertisement', 'neighbor'],
  ...['GRE with checksum', 'Geneve with options', 'NTP', 'PPPoE, LCP', 'ARP of something else'],
  // A sum over the last address of the route, and names that 4.99 lacks or does not follow.
  ...['routing header', 'destination options', 'source quench'],
];

const linkTypes = [...new Set(LIKE_TCPDUMP.map(({ linkType }) => linkType))];

describe('a packet as a line', () => {
  for (const linkType of linkTypes) {
    const known = LIKE_TCPDUMP.filter((packet) => packet.linkType === linkType);
    test(`is tcpdump's line, character for character: link type ${linkType}`, () => {
      const named = (texts: readonly string[]) =>
        texts.map((line, index) => `${known[index]?.what ?? ''}: ${line}`);
      assert.deepEqual(named(ours(known)), named(tcpdump(known)));
    });
  }

  for (const [option, dump] of [
    ['-x', 'hex'],
    ['-X', 'hex-ascii'],
  ] as const)
    test(`is followed by the bytes as tcpdump ${option} has them`, () => {
      for (const linkType of linkTypes) {
        const known = LIKE_TCPDUMP.filter((packet) => packet.linkType === linkType);
        assert.deepEqual(ours(known, { dump }), tcpdump(known, option));
      }
    });

  test('says more as tcpdump -v does, but for what is named', () => {
    const known = LIKE_TCPDUMP.filter(
      ({ what, linkType }) =>
        linkType === 1 && VERBOSE_DIFFERS.every((part) => !what.includes(part)),
    );
    assert.deepEqual(ours(known, { verbose: true }), tcpdump(known, '-v'));
  });

  for (const known of OWN_LINES)
    test(`has a form of its own: ${known.what}`, () => {
      assert.equal(printed(known), known.line);
    });
});
