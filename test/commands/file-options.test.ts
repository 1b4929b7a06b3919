import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseAutostop, parseFileOptions, parseRing } from '#kcap/commands/file-options.js';

const NOTHING = { write: undefined, format: undefined, autostop: [], 'ring-buffer': [] };

describe('-a', () => {
  test('takes each of dumpcap’s conditions in its unit', () => {
    assert.deepEqual(parseAutostop(['duration:1.5', 'packets:10', 'filesize:2', 'idle:0.25']), {
      durationMs: 1500,
      packets: 10,
      fileBytes: 2000,
      idleMs: 250,
    });
    assert.deepEqual(parseAutostop([]), {});
  });

  test('given twice, takes what comes first', () => {
    assert.deepEqual(parseAutostop(['packets:10', 'packets:5', 'packets:7']), { packets: 5 });
  });

  test('takes days', () => {
    assert.deepEqual(parseAutostop(['duration:8640000']), { durationMs: 8_640_000_000 });
  });

  const wrong = [
    ['files:3', '-a files:3: no such condition'],
    ['5', '-a 5: no such condition'],
    ['packets', '-a packets: not a whole number above 0'],
    ['packets:0', '-a packets:0: not a whole number above 0'],
    ['packets:1.5', '-a packets:1.5: not a whole number above 0'],
    ['packets:-1', '-a packets:-1: not a whole number above 0'],
    ['filesize:1k', '-a filesize:1k: not a whole number above 0'],
    ['duration:', '-a duration:: not a number of seconds above 0'],
    ['idle:1e3', '-a idle:1e3: not a number of seconds above 0'],
    [
      'duration:99999999999999',
      '-a duration:99999999999999: not a number of seconds above 0 up to 1000000000000',
    ],
  ] as const;
  for (const [value, message] of wrong)
    test(`refuses ${value}`, () => {
      assert.throws(() => parseAutostop([value]), { message, exitStatus: 2 });
    });

  test('says which conditions there are', () => {
    assert.throws(() => parseAutostop(['size:5']), {
      remedy: 'use one of: duration:SECONDS, packets:N, filesize:KB, idle:SECONDS',
    });
  });

  test('filesize takes a file', () => {
    assert.throws(() => parseFileOptions({ ...NOTHING, autostop: ['filesize:5'] }), {
      message: '-a filesize: no file is written',
      remedy: 'name one with -w, for example -w out.pcap',
      exitStatus: 2,
    });
  });
});

describe('-b', () => {
  test('takes each of dumpcap’s conditions in its unit', () => {
    const given = ['duration:60', 'filesize:100', 'packets:7', 'interval:3600', 'files:24'];
    assert.deepEqual(parseRing(given), {
      ...{ durationMs: 60_000, fileBytes: 100_000, packets: 7, intervalMs: 3_600_000, files: 24 },
    });
    assert.equal(parseRing([]), undefined);
  });

  test('takes a file', () => {
    assert.throws(() => parseFileOptions({ ...NOTHING, 'ring-buffer': ['packets:5'] }), {
      message: '-b: there is no file to switch',
    });
  });

  test('does not take files alone: nothing would finish one', () => {
    assert.throws(() => parseRing(['files:3']), {
      message: '-b files:3: nothing says when a file is finished',
    });
  });

  test('refuses an interval of less than a second', () => {
    assert.throws(() => parseRing(['interval:0.5']), { exitStatus: 2 });
  });

  test('with -a filesize, switches files of this size, as in dumpcap', () => {
    const given = { ...NOTHING, write: 'x', autostop: ['filesize:5'] };
    const { ring, autostop } = parseFileOptions({ ...given, 'ring-buffer': ['files:3'] });
    assert.deepEqual(ring, { fileBytes: 5000, files: 3 });
    assert.deepEqual(autostop, {});
    assert.deepEqual(parseFileOptions(given).autostop, { fileBytes: 5000 });
  });
});
