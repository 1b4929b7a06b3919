import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Cut } from '#kcap/stages/cut.js';

import { batchOf, numbered, originOf, packetsIn } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';

describe('Cut', () => {
  test('keeps the first bytes of each packet, its time and its original length', () => {
    const packets = numbered(3);
    const cut = new Cut(61).apply(batchOf(packets));
    assert.equal(cut.count, 3);
    assert.deepEqual(
      packetsIn(cut.bytes),
      packets.map((packet) => ({ ...packet, frame: packet.frame.subarray(0, 61) })),
    );
  });

  test('leaves link and origin as they are', () => {
    const origin = originOf([[0, 1]], [{ partition: 0, offset: 2 }]);
    const batch = batchOf(numbered(1), { linkType: 113, origin });
    const cut = new Cut(10).apply(batch);
    assert.deepEqual({ link: cut.link, origin: cut.origin }, { link: batch.link, origin });
  });

  test('takes no packet away, and never ends a run', () => {
    const cut = new Cut(0);
    cut.apply(batchOf(numbered(3)));
    assert.deepEqual(endsOf(cut).ended, {});
    assert.equal(cut.account().beside.cut, 3);
    assert.equal(cut.finished, false);
  });
});
