import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { pcapFile, readPcap } from './pcap-file.js';
import { runCommand } from './run-command.js';
import { tempFolder } from './temp-folder.js';

const frame = Buffer.from('0200000000020200000000018137ff', 'hex');

describe('the pcap files of the tests', () => {
  for (const precision of ['micro', 'nano'] as const) {
    for (const byteOrder of ['little', 'big'] as const) {
      const packets = [
        { seconds: 1_700_000_000, fraction: 123_456, frame, originalLength: 1500 },
        { seconds: 1_700_000_001, fraction: 7, frame: Buffer.alloc(0), originalLength: 0 },
      ];
      const bytes = pcapFile({ packets, precision, byteOrder, linkType: 147, snapLength: 96 });

      test(`are read back as written: ${precision}, ${byteOrder}-endian`, () => {
        assert.deepEqual(readPcap(bytes), {
          header: { precision, byteOrder, linkType: 147, snapLength: 96 },
          packets,
        });
      });

      test(`are what tcpdump takes them for: ${precision}, ${byteOrder}-endian`, async (t) => {
        const file = path.join(await tempFolder(t), 'test.pcap');
        await writeFile(file, bytes);
        const options = ['-tt', '-xx', '--time-stamp-precision', precision];
        const [first] = (await runCommand('tcpdump', '-r', file, ...options)).split('\n');
        const fraction = precision === 'micro' ? '123456' : '000123456';
        assert.match(first ?? '', new RegExp(`^1700000000\\.${fraction} `));
      });
    }
  }

  test('that are cut short are not read', () => {
    const bytes = pcapFile({ packets: [{ seconds: 1, fraction: 2, frame }] });
    assert.throws(() => readPcap(bytes.subarray(0, -1)), { message: 'Record 1 is cut short' });
    assert.throws(() => readPcap(bytes.subarray(0, 30)), { message: 'Record 1 is cut short' });
    assert.throws(() => readPcap(bytes.subarray(0, 10)), {
      message: 'Not a pcap file: 10 bytes, the header alone has 24',
    });
  });
});
