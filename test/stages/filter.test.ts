import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { CaptureFilters } from '#kcap/capture/capture-filter.js';
import { Filter } from '#kcap/stages/filter.js';

import { batchOf, numbered, originOf, packetsIn } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';

/** An Ethernet frame of IPv4 with this protocol number, 6 being TCP and 17 UDP. */
function ipv4Frame(protocol: number): Buffer {
  const frame = Buffer.alloc(60);
  frame.write('0200000000010200000000020800', 'hex');
  frame.write('4500002e', 14, 'hex');
  frame[14 + 9] = protocol;
  return frame;
}

const [tcp, udp] = [6, 17];
const packets = [tcp, udp, tcp, tcp, udp].map((protocol, index) => ({
  seconds: index,
  fraction: index,
  frame: ipv4Frame(protocol),
  originalLength: 60,
}));
const [first, second, third, fourth, fifth] = packets;

describe('Filter', () => {
  test('keeps the packets that match, in order, and counts the others', () => {
    const filter = new Filter(new CaptureFilters('tcp'));
    const passed = filter.apply(batchOf(packets));
    assert.equal(passed.count, 3);
    assert.deepEqual(packetsIn(passed.bytes), [first, third, fourth]);
    assert.deepEqual(endsOf(filter).ended, { filtered: 2 });
    filter.apply(batchOf(packets));
    assert.equal(endsOf(filter).ended['filtered'], 4);
    assert.equal(filter.finished, false);
  });

  test('may keep all or none', () => {
    assert.equal(new Filter(new CaptureFilters('ip')).apply(batchOf(packets)).count, 5);
    const none = new Filter(new CaptureFilters('ip6')).apply(batchOf(packets));
    assert.deepEqual([none.count, none.bytes.length], [0, 0]);
  });

  test('keeps the places in the topic of those that it keeps', () => {
    const positions = [0, 1, 2, 3, 4].map((index) => [index % 2, 100 + index] as const);
    const next = [
      { partition: 0, offset: 105 },
      { partition: 1, offset: 104 },
    ];
    const batch = batchOf(packets, { origin: originOf(positions, next) });
    const passed = new Filter(new CaptureFilters('udp')).apply(batch);
    assert.deepEqual(packetsIn(passed.bytes), [second, fifth]);
    assert.deepEqual(
      passed.origin,
      // What was filtered out has been handled as well.
      originOf(
        [
          [1, 101],
          [0, 104],
        ],
        next,
      ),
    );
  });

  test('goes by what was on the wire where an expression speaks of length', () => {
    const cut = {
      ...packets[0],
      seconds: 1,
      fraction: 2,
      frame: ipv4Frame(tcp),
      originalLength: 1514,
    };
    const filter = new Filter(new CaptureFilters('greater 1000'));
    assert.deepEqual(packetsIn(filter.apply(batchOf([...packets, cut])).bytes), [cut]);
  });

  test('never reads past what was captured of a packet', () => {
    // What stands behind it, where a whole packet has its protocol, is the beginning of the next one: 17 in each byte.
    const cut = {
      seconds: 1,
      fraction: 2,
      frame: ipv4Frame(udp).subarray(0, 23),
      originalLength: 60,
    };
    const next = { seconds: 0x11111111, fraction: 3, frame: ipv4Frame(tcp), originalLength: 60 };
    assert.equal(new Filter(new CaptureFilters('udp')).apply(batchOf([cut, next])).count, 0);
  });

  test('understands an expression anew for each link type', () => {
    const filter = new Filter(new CaptureFilters('tcp'));
    const raw = packets.map((packet) => ({ ...packet, frame: packet.frame.subarray(14) }));
    const LINKTYPE_RAW = 101;
    assert.equal(filter.apply(batchOf(packets)).count, 3);
    assert.equal(filter.apply(batchOf(raw, { linkType: LINKTYPE_RAW })).count, 3);
    assert.equal(filter.apply(batchOf(packets)).count, 3);
    assert.equal(endsOf(filter).ended['filtered'], 6);
  });

  test('goes on past packets of a link type that it makes no sense for, and counts them', () => {
    const filter = new Filter(new CaptureFilters('ether host 02:00:00:00:00:01'));
    for (let times = 0; times < 2; times++)
      assert.equal(filter.apply(batchOf(numbered(3), { linkType: 101 })).count, 0);
    assert.equal(filter.apply(batchOf(packets)).count, 5);
    const [outcome] = filter.account().outcomes.values();
    assert.equal(outcome?.packets, 6);
    assert.equal(outcome.cause.text, 'the filter makes no sense for link type RAW');
  });
});
