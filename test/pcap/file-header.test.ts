import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { decodeFileHeader, encodeFileHeader, hasPcapMagic } from '#kcap/pcap/file-header.js';

import { HOST_ORDER } from '../packet/packets.js';
import { pcapFile } from '../support/pcap-file.js';

describe('the header of a capture file', () => {
  for (const precision of ['micro', 'nano'] as const) {
    test(`of ${precision}seconds is written in this machine's byte order`, () => {
      const link = { linkType: 276, precision, snapLength: 262_144 };
      const expected = pcapFile({ packets: [], byteOrder: HOST_ORDER, ...link });
      assert.deepEqual(encodeFileHeader(link), expected);
    });

    for (const byteOrder of ['little', 'big'] as const) {
      test(`of ${precision}seconds is read in ${byteOrder}-endian order`, () => {
        const link = { linkType: 113, precision, snapLength: 0xffffffff };
        assert.deepEqual(decodeFileHeader(pcapFile({ packets: [], byteOrder, ...link })), {
          link,
          swapped: byteOrder !== HOST_ORDER,
          modified: false,
          minorVersion: 4,
        });
      });
    }
  }

  for (const byteOrder of ['little', 'big'] as const) {
    test(`has its link type in the lower 16 bits, ${byteOrder}-endian`, () => {
      // The upper bits say that frames end in a checksum of 4 bytes.
      const bytes = pcapFile({ packets: [], byteOrder, linkType: 0x4400_0001 });
      const header = decodeFileHeader(bytes);
      assert.equal('link' in header && header.link.linkType, 1);
    });
  }

  test('is not what a pcapng file begins with', () => {
    for (const beginning of ['0a0d0d0a1c0000004d3c2b1a', '0a0d0d0a0000001c1a2b3c4d']) {
      const bytes = Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(16)]);
      assert.equal(hasPcapMagic(bytes), false);
      assert.deepEqual(decodeFileHeader(bytes), { problem: 'not a pcap file' });
    }
  });

  const others: [what: string, beginning: string][] = [
    ['zeros', '00000000'],
    ['an ELF file', '7f454c46'],
    ['a gzip file', '1f8b0800'],
    ['the magic number one byte late', '00d4c3b2'],
    ['the magic number with its halves exchanged', 'c3d4a1b2'],
  ];
  for (const [what, beginning] of others) {
    test(`is not ${what}`, () => {
      const bytes = Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(20)]);
      assert.equal(hasPcapMagic(bytes), false);
      assert.deepEqual(decodeFileHeader(bytes), { problem: 'not a pcap file' });
    });
  }

  for (const magic of ['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', 'a1b2cd34', '34cdb2a1']) {
    test(`begins with ${magic}`, () => {
      assert.ok(hasPcapMagic(Buffer.from(magic, 'hex')));
    });
  }

  test('is not read where it is of another major version', () => {
    const bytes = pcapFile({ packets: [], byteOrder: 'big' });
    bytes.writeUInt16BE(543, 4);
    const problem = "version 543.4 of pcap can't be read";
    assert.deepEqual(decodeFileHeader(bytes), { problem });
  });
});
