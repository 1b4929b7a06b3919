import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY_ACCOUNT, type Account, type MessageAccount } from '#kcap/pipeline/account.js';
import { Pace } from '#kcap/pipeline/pace.js';
import { togetherRuns } from '#kcap/pipeline/side-by-side-runs.js';

function count(packets: number) {
  return { packets, bytes: 100 * packets };
}

function accountOf(packets: number, found: number): Account {
  const reporter = { ...EMPTY_ACCOUNT, in: count(found), out: count(found) };
  const messages: MessageAccount = {
    ...{ found, filtered: 1, notSip: 2, malformed: 3, fragmentsMerged: 4, reassemblyTimeouts: 5 },
    ...{ fragmentsHeld: 6, media: { rtp: 7, rtcp: 8, forgottenCalls: found } },
    reporters: new Map([['kafka', reporter]]),
  };
  return {
    ...{ in: count(packets), out: count(packets - 1), messages },
    outcomes: new Map([
      [
        'no',
        { cause: { id: 'no', fate: 'filtered' as const, loss: false, text: 'no' }, ...count(1) },
      ],
    ]),
    beside: { dropped_kernel: packets, dropped_interface: 10 * packets },
    sources: new Map([['eth0', count(packets)]]),
    workers: [{ interface: 'eth0', worker: packets, packets_in: packets, dropped_kernel: 0 }],
  };
}

test('runs that share packets add up, but for what each of them sees of the whole', () => {
  const { messages, ...total } = togetherRuns([accountOf(1, 10), accountOf(2, 20)]);
  assert.deepEqual([total.in, total.out], [count(3), count(1)]);
  assert.equal(total.outcomes.get('no')?.packets, 2);
  assert.deepEqual(total.beside, { dropped_kernel: 3, dropped_interface: 20 });
  assert.deepEqual(total.sources?.get('eth0'), count(3));
  assert.deepEqual(
    total.workers?.map(({ worker, packets_in }) => [worker, packets_in]),
    [
      [1, 1],
      [2, 2],
    ],
  );
  assert.ok(messages);
  const { reporters, ...counts } = messages;
  assert.deepEqual(counts, {
    ...{ found: 30, filtered: 2, notSip: 4, malformed: 6, fragmentsMerged: 8 },
    ...{ reassemblyTimeouts: 10, fragmentsHeld: 12 },
    media: { rtp: 14, rtcp: 16, forgottenCalls: 20 },
  });
  assert.deepEqual(reporters.get('kafka')?.out, count(30));
});

test('what one has measured is added to another once', () => {
  const [own, other] = [new Pace(), new Pace()];
  other.gave('kafka', 3);
  other.took('decode', performance.now());
  own.gave('kafka', 3);
  own.add(structuredClone(other.take()));
  own.add(structuredClone(other.take()));
  other.gave('kafka', 100);
  own.add(structuredClone(other.take()));
  assert.equal(own.sizes.get('kafka')?.sum, 106);
  assert.equal(
    own.sizes.get('kafka')?.counts.reduce((sum, each) => sum + each),
    3,
  );
  assert.deepEqual([...own.seconds.keys()], ['decode']);
});
