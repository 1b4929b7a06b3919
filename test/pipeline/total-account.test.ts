import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY_ACCOUNT, underWay, type Account } from '#kcap/pipeline/account.js';
import { added } from '#kcap/pipeline/total-account.js';

import { accountWith } from './ends.js';

function withMessages(account: Account, found: number): Account {
  const counts = {
    filtered: 1,
    notSip: 2,
    malformed: 3,
    fragmentsMerged: 4,
    reassemblyTimeouts: 5,
    media: { rtp: 6, rtcp: 7, forgottenCalls: 8 },
  };
  return {
    ...account,
    messages: { found, ...counts, reporters: new Map([['hep', accountWith({ taken: found })]]) },
  };
}

test('what two runs have counted adds up, and so does what is left', () => {
  const total = added(
    accountWith({ taken: 10, out: 7, failed: 1 }, { dropped_kernel: 5 }),
    accountWith({ taken: 20, out: 11, spooled: 2 }, { dropped_kernel: 6, cut: 1 }),
  );
  assert.deepEqual([total.in.packets, total.out.packets], [30, 18]);
  assert.equal(total.outcomes.get('failed')?.packets, 1);
  assert.equal(total.outcomes.get('spooled')?.packets, 2);
  assert.deepEqual(total.beside, { dropped_kernel: 11, cut: 1 });
  assert.equal(underWay(total).packets, 9);
});

test('ends and reporters add up by their names, also one that only the run before had', () => {
  const branches = (...entries: (readonly [string, Account])[]) => ({
    ...EMPTY_ACCOUNT,
    branches: new Map(entries),
  });
  const total = added(
    branches(['topic', accountWith({ taken: 1 })], ['file', accountWith({ taken: 2 })]),
    branches(['topic', accountWith({ taken: 4 })], ['sip', withMessages(EMPTY_ACCOUNT, 8)]),
  );
  const taken = [...(total.branches ?? [])].map(([name, own]) => [name, own.in.packets]);
  assert.deepEqual(taken, [
    ['topic', 5],
    ['sip', 0],
    ['file', 2],
  ]);
});

test('messages add up', () => {
  const { messages } = added(withMessages(EMPTY_ACCOUNT, 3), withMessages(EMPTY_ACCOUNT, 4));
  assert.equal(messages?.found, 7);
  assert.equal(messages.reassemblyTimeouts, 10);
  assert.deepEqual(messages.media, { rtp: 12, rtcp: 14, forgottenCalls: 16 });
  assert.equal(messages.reporters.get('hep')?.in.packets, 7);
});

test('workers add up, each by its interface, and do not become more with each run', () => {
  const run = (packets_in: number): Account => ({
    ...EMPTY_ACCOUNT,
    workers: [1, 2].map((worker) => ({ interface: 'eth0', worker, packets_in, dropped_kernel: 1 })),
  });
  const { workers } = added(added(run(1), run(10)), run(100));
  assert.deepEqual(workers, [
    { interface: 'eth0', worker: 1, packets_in: 111, dropped_kernel: 3 },
    { interface: 'eth0', worker: 2, packets_in: 111, dropped_kernel: 3 },
  ]);
});
