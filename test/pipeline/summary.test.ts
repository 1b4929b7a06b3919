import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { NOTHING_COUNTED } from '#kcap/pipeline/contracts.js';
import {
  type RunCounters,
  type Summary,
  summarize,
  summaryLines,
  summaryRecord,
} from '#kcap/pipeline/summary.js';

/** A run in which each number is another one. */
const counters: RunCounters = {
  source: {
    droppedKernel: 1,
    droppedInterface: 2,
    cut: 128,
    abandoned: 20,
    abandonedBytes: 2000,
    skipped: { tombstone: 4, 'never happened': 0 },
    unusable: { 'absurd time': 8 },
    timeFromKafka: 16,
    badHeaders: 32,
    deletedUnread: 64,
  },
  stages: [
    { filtered: 100, returned: 0, returnedBytes: 0 },
    { filtered: 0, returned: 10, returnedBytes: 600, cut: 256 },
  ],
  sink: {
    out: 1000,
    bytesOut: 60_000,
    failed: { 'Broker: Message size too large': 3, 'never happened': 0 },
    unusable: { 'too long': 5 },
  },
  taken: 1118,
  takenBytes: 70_000,
  durationMs: 1234.567,
};

describe('summarize', () => {
  test('adds up all that sources, stages and sink have counted', () => {
    assert.deepEqual(summarize(counters), {
      packets_in: 1140,
      packets_out: 1000,
      packets_failed: 23,
      packets_filtered: 100,
      packets_skipped: 17,
      packets_spooled: 0,
      packets_under_way: 0,
      dropped_kernel: 1,
      dropped_interface: 2,
      cut: 384,
      time_from_kafka: 16,
      bad_headers: 32,
      deleted_unread: 64,
      rounded_times: 0,
      lost_names: 0,
      bytes_in: 71_400,
      bytes_out: 60_000,
      duration_s: 1.235,
      failed_by_cause: {
        'Broker: Message size too large': 3,
        "left in the kernel's buffer at the drain timeout": 20,
      },
      skipped_by_cause: { tombstone: 4, 'absurd time': 8, 'too long': 5 },
      lost: 23 + 8 + 5 + 1 + 2 + 64,
    } satisfies Summary);
  });

  test('counts what is under way as failed, for the cause that is named', () => {
    const { source, sink } = nothing;
    const summary = summarize({
      ...nothing,
      source: { ...source, skipped: { tombstone: 1 } },
      sink: { ...sink, out: 4, failed: { refused: 2 } },
      stages: [{ filtered: 3, returned: 1, returnedBytes: 0 }],
      taken: 20,
      unsettled: 'given up',
    });
    assert.deepEqual(summary.failed_by_cause, { refused: 2, 'given up': 10 });
    assert.equal(summary.packets_failed, 12);
    assert.equal(summary.packets_in, 20);
    assert.equal(summary.lost, 12);
  });

  test('names no cause where nothing is under way', () => {
    const summary = summarize({ ...nothing, unsettled: 'given up' });
    assert.deepEqual(summary.failed_by_cause, {});
    assert.equal(summary.lost, 0);
  });

  test('leaves what is under way uncounted until somebody gives it up', () => {
    const summary = summarize({ ...nothing, taken: 20 });
    assert.deepEqual([summary.packets_in, summary.packets_out, summary.lost], [20, 0, 0]);
  });

  const { source, sink } = { source: NOTHING_COUNTED, sink: emptySink() };
  const losses: [what: string, change: Partial<RunCounters>, lost: 0 | 1][] = [
    ['nothing at all', {}, 0],
    ['a packet delivered', { taken: 1, sink: { ...sink, out: 1 } }, 0],
    ['a packet dropped by the kernel', { source: { ...source, droppedKernel: 1 } }, 1],
    ['a packet dropped by the interface', { source: { ...source, droppedInterface: 1 } }, 1],
    ['a packet cut', { source: { ...source, cut: 1 } }, 0],
    ['a packet left in the kernel', { source: { ...source, abandoned: 1 } }, 1],
    ['a packet deleted unread', { source: { ...source, deletedUnread: 1 } }, 1],
    ['a packet not delivered', { sink: { ...sink, failed: { refused: 1 } } }, 1],
    ['a packet that the file cannot hold', { sink: { ...sink, unusable: { long: 1 } } }, 1],
    ['a message of no packet', { source: { ...source, unusable: { absurd: 1 } } }, 1],
    ['a tombstone', { source: { ...source, skipped: { tombstone: 1 } } }, 0],
    ['a time from Kafka', { source: { ...source, timeFromKafka: 1 } }, 0],
    ['a header with a bad value', { source: { ...source, badHeaders: 1 } }, 0],
    [
      'a packet filtered out',
      { stages: [{ filtered: 1, returned: 0, returnedBytes: 0 }], taken: 1 },
      0,
    ],
    [
      'a packet given back',
      { stages: [{ filtered: 0, returned: 1, returnedBytes: 60 }], taken: 1, takenBytes: 60 },
      0,
    ],
  ];
  for (const [what, change, lost] of losses) {
    test(`${what} is ${lost === 1 ? 'a' : 'no'} loss`, () => {
      assert.equal(summarize({ ...nothing, ...change }).lost, lost);
    });
  }

  test('has a record for programs with everything that is in the contract, and nothing internal', () => {
    const summary = summarize(counters);
    const { lost, ...record } = summary;
    assert.equal(lost, 103);
    assert.deepEqual(summaryRecord(summary), record);
  });
});

describe('summaryLines', () => {
  test('say only what was in and out where nothing else happened', () => {
    const summary = summarize({ ...nothing, taken: 7, sink: { ...emptySink(), out: 7 } });
    assert.deepEqual(summaryLines(summary), ["'7' packet(s) in, '7' packet(s) out"]);
  });

  test('say how many packets lost the names of where they came from', () => {
    const sink = { ...emptySink(), out: 7, lostNames: 3 };
    assert.deepEqual(summaryLines(summarize({ ...nothing, taken: 7, sink })), [
      "'7' packet(s) in, '7' packet(s) out",
      "'3' packet(s) lost the names of their interface and host: there were too many names",
    ]);
  });

  test('say what became of the others, by cause', () => {
    assert.deepEqual(summaryLines(summarize(counters)), [
      "'1140' packet(s) in, '1000' packet(s) out",
      "'1' packet(s) dropped by the kernel: its buffer was full (-B, -f and -s help)",
      "'2' packet(s) dropped by the interface",
      "'64' packet(s) deleted in Kafka before they were read",
      "'3' packet(s) failed: Broker: Message size too large",
      "'20' packet(s) failed: left in the kernel's buffer at the drain timeout",
      "'100' packet(s) filtered out",
      "'4' packet(s) skipped: tombstone",
      "'8' packet(s) skipped: absurd time",
      "'5' packet(s) skipped: too long",
      "'384' packet(s) cut by the snapshot length (-s)",
      "'16' packet(s) took their time from Kafka: their key held none",
      "'32' header(s) with a bad value ignored",
    ]);
  });
});

const nothing: RunCounters = {
  source: NOTHING_COUNTED,
  stages: [],
  sink: emptySink(),
  taken: 0,
  takenBytes: 0,
  durationMs: 0,
};

function emptySink(): RunCounters['sink'] {
  return { out: 0, bytesOut: 0, failed: {}, unusable: {} };
}
