import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Cause } from '#kcap/errors/cause.js';
import { settled, type Account } from '#kcap/pipeline/account.js';
import { lost, summarize, summaryLines } from '#kcap/pipeline/summary.js';

const REFUSED = cause('refused', 'failed', true, 'Broker: Message size too large');
const TOMBSTONE = cause('no-value', 'skipped', false, 'tombstone');
const TOO_LONG = cause('too-long', 'skipped', true, 'too long');
const FILTERED = cause('filtered', 'filtered', false, 'filtered out');
const SPOOLED = cause('spooled', 'spooled', false, 'wait in /spool: the next run sends them');

/** Each number is another one. */
const ACCOUNT = account({
  taken: 1136,
  out: 1000,
  ended: [
    [REFUSED, 3],
    [FILTERED, 100],
    [TOMBSTONE, 4],
    [TOO_LONG, 5],
    [SPOOLED, 7],
  ],
  beside: {
    dropped_kernel: 1,
    dropped_interface: 2,
    deleted_unread: 64,
    cut: 128,
    time_from_kafka: 16,
    outside_slack: 11,
    lost_names: 13,
    bad_headers: 32,
  },
});

describe('summarize', () => {
  test('gives all that was counted the names of the record', () => {
    assert.deepEqual(summarize(ACCOUNT, 1234.567), {
      packets_in: 1136,
      packets_out: 1000,
      packets_failed: 3,
      packets_filtered: 100,
      packets_skipped: 9,
      packets_spooled: 7,
      packets_under_way: 17,
      dropped_kernel: 1,
      dropped_interface: 2,
      deleted_unread: 64,
      cut: 128,
      time_from_kafka: 16,
      outside_slack: 11,
      rounded_times: 0,
      lost_names: 13,
      bad_headers: 32,
      bytes_in: 11_360,
      bytes_out: 10_000,
      duration_s: 1.235,
      failed_by_cause: { refused: 3 },
      skipped_by_cause: { 'no-value': 4, 'too-long': 5 },
      causes: {
        refused: 'Broker: Message size too large',
        'no-value': 'tombstone',
        'too-long': 'too long',
      },
    });
  });

  test('names the folder of the spool, where there is one', () => {
    assert.equal(summarize({ ...ACCOUNT, spool: '/spool' }, 0).spool, '/spool');
    assert.equal('spool' in summarize(ACCOUNT, 0), false);
  });

  test('lists what each worker has captured, where several share an interface', () => {
    const workers = [
      { interface: 'eth0', worker: 1, packets_in: 5, dropped_kernel: 0 },
      { interface: 'eth0', worker: 2, packets_in: 7, dropped_kernel: 3 },
    ];
    assert.deepEqual(summarize({ ...ACCOUNT, workers }, 0).workers, workers);
    assert.equal('workers' in summarize(ACCOUNT, 0), false);
    assert.deepEqual(summaryLines({ ...account({ taken: 12, out: 12 }), workers }), [
      "'12' packet(s) in, '12' packet(s) out",
      "'5' packet(s) in by worker 1 of eth0, '0' dropped by the kernel",
      "'7' packet(s) in by worker 2 of eth0, '3' dropped by the kernel",
    ]);
  });

  test('counts what is settled at the end by its cause, together with others of that cause', () => {
    const summary = summarize(settled(ACCOUNT, REFUSED), 0);
    assert.deepEqual(summary.failed_by_cause, { refused: 20 });
    assert.equal(summary.packets_under_way, 0);
  });

  test('says nothing of what is settled where nothing was under way', () => {
    const done = account({ taken: 1, out: 1 });
    assert.deepEqual(summarize(settled(done, REFUSED), 0).failed_by_cause, {});
  });
});

describe('lost packets', () => {
  const losses: [what: string, of: Partial<Parameters<typeof account>[0]>, packets: number][] = [
    ['nothing', {}, 0],
    ['dropped by the kernel', { beside: { dropped_kernel: 1 } }, 1],
    ['dropped by the interface', { beside: { dropped_interface: 2 } }, 2],
    ['deleted unread', { beside: { deleted_unread: 3 } }, 3],
    ['failed', { ended: [[REFUSED, 4]] }, 4],
    ['skipped, with a packet in them', { ended: [[TOO_LONG, 5]] }, 5],
    ['skipped, without one', { ended: [[TOMBSTONE, 1]] }, 0],
    ['filtered', { ended: [[FILTERED, 1]] }, 0],
    ['spooled', { ended: [[SPOOLED, 1]] }, 0],
    ['timed by Kafka', { beside: { time_from_kafka: 1 } }, 0],
    ['bad headers', { beside: { bad_headers: 1 } }, 0],
    ['cut', { beside: { cut: 1 } }, 0],
    ['outside the slack', { beside: { outside_slack: 1 } }, 0],
    ['without their names', { beside: { lost_names: 1 } }, 0],
    ['rounded', { beside: { rounded_times: 1 } }, 0],
    ['under way', { taken: 1 }, 0],
    ['all of them', { ended: [[REFUSED, 1]], beside: { dropped_kernel: 1, deleted_unread: 1 } }, 3],
  ];
  for (const [what, of, packets] of losses)
    test(`${what}: ${packets}`, () => {
      assert.equal(lost(account({ taken: 0, out: 0, ...of })), packets);
    });
});

describe('summaryLines', () => {
  test('say only what was in and out where nothing else happened', () => {
    assert.deepEqual(summaryLines(account({ taken: 7, out: 7 })), [
      "'7' packet(s) in, '7' packet(s) out",
    ]);
  });

  test('say what became of the others, by cause', () => {
    assert.deepEqual(summaryLines(ACCOUNT), [
      "'1136' packet(s) in, '1000' packet(s) out",
      "'1' packet(s) dropped by the kernel: its buffer was full (-B, -f and -s help)",
      "'2' packet(s) dropped by the interface",
      "'64' packet(s) deleted in Kafka before they were read",
      "'3' packet(s) failed: Broker: Message size too large",
      "'100' packet(s) filtered out",
      "'4' packet(s) skipped: tombstone",
      "'5' packet(s) skipped: too long",
      "'7' packet(s) wait in /spool: the next run sends them",
      "'128' packet(s) cut by the snapshot length (-s)",
      "'16' packet(s) took their time from Kafka: their key held none",
      "'11' packet(s) of the range lay outside its slack: --slack all finds the others",
      "'13' packet(s) lost the names of their interface and host: there were too many names",
      "'32' header(s) with a bad value ignored",
    ]);
  });
});

describe('a run with several ends', () => {
  const first = account({ taken: 10, out: 9, ended: [[REFUSED, 1]] });
  const copy = account({ taken: 9, out: 5, ended: [[TOO_LONG, 3]] });
  const whole: Account = { ...first, branches: new Map(Object.entries({ pcap: first, copy })) };

  test('has what each of them counts under its name', () => {
    const { branches = {}, ...run } = summarize(whole, 0);
    assert.deepEqual(Object.keys(branches), ['pcap', 'copy']);
    assert.deepEqual({ ...branches['copy'], duration_s: 0 }, summarize(copy, 0));
    assert.deepEqual(run, summarize(first, 0));
  });

  test('has lines that begin with the names of those after the first', () => {
    assert.deepEqual(summaryLines(whole), [
      ...summaryLines(first),
      "copy: '9' packet(s) in, '5' packet(s) out",
      "copy: '3' packet(s) skipped: too long",
    ]);
  });

  test('has lost what any of them has lost', () => {
    assert.equal(lost(whole), 4);
    const ended = settled(whole, REFUSED);
    assert.equal(lost(ended), 5);
    assert.equal(summarize(ended, 0).branches?.['copy']?.packets_under_way, 0);
  });
});

function cause(id: string, fate: Cause['fate'], loss: boolean, text: string): Cause {
  return { id, fate, loss, text };
}

/** Of packets of ten bytes each. */
function account({
  taken,
  out,
  ended = [],
  beside = {},
}: {
  readonly taken: number;
  readonly out: number;
  readonly ended?: readonly (readonly [Cause, number])[];
  readonly beside?: Account['beside'];
}): Account {
  const outcomes = ended.map(
    ([cause, packets]) => [cause.id, { cause, packets, bytes: packets * 10 }] as const,
  );
  return {
    in: { packets: taken, bytes: taken * 10 },
    out: { packets: out, bytes: out * 10 },
    outcomes: new Map(outcomes),
    beside,
  };
}
