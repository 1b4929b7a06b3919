import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { LinkFilters } from '#kcap/capture/link-filters.js';
import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { Filter } from '#kcap/stages/filter.js';

import { batchOf, numbered, originOf, packetsIn } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';

async function applied(filter: Filter, batch: PacketBatch): Promise<PacketBatch> {
  await filter.prepare(batch);
  return filter.apply(batch);
}

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
  test('keeps the packets that match, in order, and counts the others', async () => {
    const filter = new Filter(new LinkFilters('tcp'));
    const passed = await applied(filter, batchOf(packets));
    assert.equal(passed.count, 3);
    assert.deepEqual(packetsIn(passed.bytes), [first, third, fourth]);
    assert.deepEqual(endsOf(filter).ended, { filtered: 2 });
    await applied(filter, batchOf(packets));
    assert.equal(endsOf(filter).ended['filtered'], 4);
    assert.equal(filter.finished, false);
  });

  test('may keep all or none', async () => {
    assert.equal((await applied(new Filter(new LinkFilters('ip')), batchOf(packets))).count, 5);
    const none = await applied(new Filter(new LinkFilters('ip6')), batchOf(packets));
    assert.deepEqual([none.count, none.bytes.length], [0, 0]);
  });

  test('keeps the places in the topic of those that it keeps', async () => {
    const positions = [0, 1, 2, 3, 4].map((index) => [index % 2, 100 + index] as const);
    const next = [
      { partition: 0, offset: 105 },
      { partition: 1, offset: 104 },
    ];
    const batch = batchOf(packets, { origin: originOf(positions, next) });
    const passed = await applied(new Filter(new LinkFilters('udp')), batch);
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

  test('goes by what was on the wire where an expression speaks of length', async () => {
    const cut = {
      ...packets[0],
      seconds: 1,
      fraction: 2,
      frame: ipv4Frame(tcp),
      originalLength: 1514,
    };
    const filter = new Filter(new LinkFilters('greater 1000'));
    assert.deepEqual(packetsIn((await applied(filter, batchOf([...packets, cut]))).bytes), [cut]);
  });

  test('never reads past what was captured of a packet', async () => {
    // What stands behind it, where a whole packet has its protocol, is the beginning of the next one: 17 in each byte.
    const cut = {
      seconds: 1,
      fraction: 2,
      frame: ipv4Frame(udp).subarray(0, 23),
      originalLength: 60,
    };
    const next = { seconds: 0x11111111, fraction: 3, frame: ipv4Frame(tcp), originalLength: 60 };
    assert.equal(
      (await applied(new Filter(new LinkFilters('udp')), batchOf([cut, next]))).count,
      0,
    );
  });

  test('understands an expression anew for each link type', async () => {
    const filter = new Filter(new LinkFilters('tcp'));
    const raw = packets.map((packet) => ({ ...packet, frame: packet.frame.subarray(14) }));
    const LINKTYPE_RAW = 101;
    assert.equal((await applied(filter, batchOf(packets))).count, 3);
    assert.equal((await applied(filter, batchOf(raw, { linkType: LINKTYPE_RAW }))).count, 3);
    assert.equal((await applied(filter, batchOf(packets))).count, 3);
    assert.equal(endsOf(filter).ended['filtered'], 6);
  });

  test('goes on past packets of a link type that it makes no sense for, and counts them', async () => {
    const filter = new Filter(new LinkFilters('ether host 02:00:00:00:00:01'));
    for (let times = 0; times < 2; times++)
      assert.equal((await applied(filter, batchOf(numbered(3), { linkType: 101 }))).count, 0);
    assert.equal((await applied(filter, batchOf(packets))).count, 5);
    const [outcome] = filter.account().outcomes.values();
    assert.equal(outcome?.packets, 6);
    assert.equal(outcome.cause.text, 'the filter makes no sense for link type RAW');
  });

  test('is ready for a link type once it was prepared for it', async () => {
    const filter = new Filter(new LinkFilters('tcp'));
    const batch = batchOf(packets);
    await filter.prepare(batch);
    assert.equal(filter.prepare(batch), undefined);
    const unknown = batchOf(packets, { linkType: 65_000 });
    await filter.prepare(unknown);
    assert.equal(filter.prepare(unknown), undefined);
  });

  test('compiles beside what else is done', async () => {
    const filter = new Filter(new LinkFilters('tcp'));
    let ready = false;
    const preparing = filter.prepare(batchOf(packets))?.then(() => {
      ready = true;
    });
    assert.ok(preparing);
    await Promise.resolve();
    assert.equal(ready, false);
    await preparing;
  });

  test('names the first ten link types that it makes no sense for, and counts the others together', async () => {
    const filter = new Filter(new LinkFilters('tcp'));
    for (let linkType = 65_000; linkType < 65_100; linkType++)
      await applied(filter, batchOf(packets, { linkType }));
    await applied(filter, batchOf(packets, { linkType: 65_000 }));
    const { ended } = endsOf(filter);
    assert.equal(Object.keys(ended).length, 11);
    assert.equal(ended['filter-not-for-link-type-65000'], 10);
    assert.equal(ended['filter-not-for-further-link-types'], 90 * 5);
  });
});
