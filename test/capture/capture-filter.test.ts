import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { captureFilter, checkFilter, filterError } from '#kcap/capture/capture-filter.js';
import { LinkFilters } from '#kcap/capture/link-filters.js';
import { UserError } from '#kcap/errors/user-error.js';

import { recordsOf } from '../packet/packets.js';

const ETHERNET = 1;
const RAW_IP = 101;

describe('a capture filter', () => {
  test('is compiled once for each link type', async () => {
    const filters = new LinkFilters('tcp');
    await filters.prepare(ETHERNET);
    const ethernet = filters.of(ETHERNET);
    assert.ok(ethernet);
    assert.equal(filters.of(ETHERNET), ethernet);
    assert.equal(filters.has(RAW_IP), false);
    await filters.prepare(RAW_IP);
    assert.notEqual(filters.of(RAW_IP), ethernet);
  });

  test('moves the records that it keeps to the front, and their positions with them', () => {
    const frames = [60, 100, 60, 200].map((bytes, index) => ({
      seconds: index,
      fraction: 0,
      frame: Buffer.alloc(bytes, index),
    }));
    const records = recordsOf(frames);
    const positions = Buffer.concat([0, 1, 2, 3].map((index) => Buffer.alloc(16, index)));
    const kept = captureFilter('greater 100', ETHERNET).keep(records, positions);
    assert.deepEqual(kept, { byteLength: 116 + 216, count: 2 });
    assert.deepEqual(
      records.subarray(0, kept.byteLength),
      recordsOf(frames.filter(({ frame }) => frame.length >= 100)),
    );
    assert.deepEqual(
      positions.subarray(0, 32),
      Buffer.concat([Buffer.alloc(16, 1), Buffer.alloc(16, 3)]),
    );
  });

  test('keeps nothing of nothing', () => {
    const kept = captureFilter('tcp', ETHERNET).keep(Buffer.alloc(0), undefined);
    assert.deepEqual(kept, { byteLength: 0, count: 0 });
  });
});

describe('an expression', () => {
  // Each is for packets of a link type of its own.
  for (const expression of [
    'ether host 02:00:00:00:00:01',
    'type mgt',
    'reason match',
    'vci 3',
    'sio 1',
  ])
    test(`may make sense for some packets only: ${expression}`, () => {
      checkFilter(expression);
    });

  test('that makes sense for none is misuse', () => {
    assert.throws(
      () => {
        checkFilter('tcp prot 80');
      },
      errorOf('tcp prot 80', ETHERNET),
    );
  });
});

describe('the error for a capture filter', () => {
  test('says what libpcap said, for which packets, and where to read on', () => {
    const error = errorOf('tcp prot 80', ETHERNET);
    assert.equal(
      error.message,
      [
        "-f 'tcp prot 80': can't parse filter expression: syntax error (link type EN10MB)",
        '  tcp prot 80',
        '      ^ not understood from here on',
      ].join('\n'),
    );
    assert.equal(error.remedy, "see 'man pcap-filter' for what a filter can say");
    assert.equal(error.exitStatus, 2);
  });

  // « stands before what is to be marked; nothing is where there is none.
  const wrong: [expression: string, linkType?: number][] = [
    ['«foo'],
    ['«httpp or tcp'],
    ['tcp «prot 80'],
    ['tcp port 80 and host 10.0.0.1 and «prt 9'],
    ['tcp and «and udp'],
    ['tcp«)'],
    ['(tcp or udp) and («hst 10.0.0.1)'],
    ['not «nott tcp'],
    ['len > 100 «greater'],
    ['port «99999'],
    ['net «10.0.0.0/33'],
    ['ip6 host «10.0.0.1'],
    ['vlan and vlan «4097'],
    ['ether proto 0x800 and udp port «fifty'],
    ['ether src 02:00:00:00:00:01 and tcp «prot 80'],
    ['ip6 host ::1 and tcp «prot 80'],
    ['ip proto 6 and tcp «prot 80'],
    ['tcp[13] & 2 != 0 and tcp «prot 80'],
    ['less 100 and tcp «prot 80'],
    ['«ether host 02:00:00:00:00:01', RAW_IP],
    // Right so far: nothing to mark before its end.
    ['host'],
    ['tcp and'],
    ['(tcp'],
    ['not'],
  ];
  for (const [marked, linkType = ETHERNET] of wrong) {
    test(`marks the place in ${marked}`, () => {
      const place = marked.indexOf('«');
      const expression = marked.replace('«', '');
      const { message } = errorOf(expression, linkType);
      const lines = message.split('\n').slice(1);
      const expected = [
        `  ${expression}`,
        `  ${' '.repeat(Math.max(place, 0))}^ not understood from here on`,
      ];
      assert.deepEqual(lines, place < 0 ? [] : expected);
    });
  }

  test('keeps the mark under its place in an expression of several lines', () => {
    const { message } = errorOf('tcp and\nprot 80', ETHERNET);
    const lines = message.split('\n');
    const mark = lines.findIndex((line) => line.includes('^ not understood'));
    assert.equal(lines[mark - 1]?.slice(lines[mark]?.indexOf('^')), 'prot 80');
  });

  const hosts = (count: number) =>
    Array.from({ length: count }, (_, index) => `host 10.0.${index >> 8}.${index & 255}`).join(
      ' or ',
    );

  test('marks the place behind many words', (t) => {
    // The search ends after a second, which may be short on a busy machine.
    t.mock.method(performance, 'now', () => 0);
    const { message } = errorOf(`${hosts(40)} and tcp prot 80 and ${hosts(40)}`, ETHERNET);
    const [, line = '', mark = ''] = message.split('\n');
    assert.equal(line.slice(mark.indexOf('^')).slice(0, 7), 'prot 80');
  });

  test('comes soon, with or without the mark, however long the expression is', () => {
    const before = performance.now();
    const { message } = errorOf(`${hosts(500)} and tcp prot 80`, ETHERNET);
    assert.match(message, /syntax error/);
    // A second, and the one attempt that goes beyond it.
    assert.ok(performance.now() - before < 20_000);
  });

  test('has no mark where the expression can be compiled after all', () => {
    const { message } = filterError('tcp', ETHERNET, 'the kernel did not take it');
    assert.equal(message, "-f 'tcp': the kernel did not take it (link type EN10MB)");
  });
});

function errorOf(expression: string, linkType: number): UserError {
  try {
    captureFilter(expression, linkType);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`'${expression}' was taken`);
}
