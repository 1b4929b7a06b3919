import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ringFileName } from '#kcap/files/ring-names.js';

const TIME = new Date(2026, 10, 21, 10, 15, 0);

const names = [
  ['out.pcap', 1, 'out_00001_20261121101500.pcap'],
  ['out', 23, 'out_00023_20261121101500'],
  ['/var/cap.d/out', 1, '/var/cap.d/out_00001_20261121101500'],
  ['a.b/out.tar.gz', 1, 'a.b/out.tar_00001_20261121101500.gz'],
  ['.pcap', 1, '_00001_20261121101500.pcap'],
  ['Mitschnitt größer.pcap', 1, 'Mitschnitt größer_00001_20261121101500.pcap'],
  ['out.pcap', 99_999, 'out_99999_20261121101500.pcap'],
  ['out.pcap', 100_000, 'out_00000_20261121101500.pcap'],
] as const;

for (const [path, number, expected] of names)
  test(`file ${number} of ${path} is ${expected}`, () => {
    assert.equal(ringFileName(path, number, TIME), expected);
  });

test('every part of the time has two digits', () => {
  const early = new Date(2026, 0, 2, 3, 4, 5);
  assert.equal(ringFileName('x', 1, early), 'x_00001_20260102030405');
});
