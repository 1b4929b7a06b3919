import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Microseconds } from '#kcap/packet/timestamp.js';
import type { TopicReport } from '#kcap/topic/topic-report.js';
import { TopicSample } from '#kcap/topic/topic-sample.js';
import { settingsOf } from '#kcap/topic/topic-settings.js';
import { warningsOf } from '#kcap/topic/topic-warnings.js';

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const NOTHING_ASKED = { problem: undefined, keepMs: undefined, nowMs: NOW_MS };
const KAFKA_DEFAULTS = {
  'retention.ms': String(7 * 24 * HOUR_MS),
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'max.message.bytes': '1048588',
  'cleanup.policy': 'delete',
};

/** A healthy topic of two partitions: an hour of packets, a million messages of 100 bytes. */
function report({
  settings = {},
  sample = {},
  ...facts
}: Partial<Omit<TopicReport, 'settings' | 'sample'>> & {
  readonly settings?: Readonly<Record<string, string>>;
  readonly sample?: Partial<TopicSample>;
} = {}): Omit<TopicReport, 'warnings'> {
  const first = (NOW_MS - 2 * HOUR_MS) * 1000;
  return {
    topic: 'pcap',
    partitions: [0, 1].map((id) => ({ id, leader: 1, low: 0, high: 500_000 })),
    messages: 1_000_000,
    estimatedBytes: 100_000_000,
    settings: settingsOf({ ...KAFKA_DEFAULTS, ...settings }),
    sample: Object.assign(new TopicSample(), {
      messages: 100,
      packets: 100,
      first: first as Microseconds,
      last: (first + HOUR_MS * 1000) as Microseconds,
      ...sample,
    }),
    messagesPerSecond: 277.8,
    ...facts,
  };
}

test('a healthy topic gives no warning', () => {
  assert.deepEqual(warningsOf(report(), NOTHING_ASKED), []);
});

const cases: [
  what: string,
  facts: Parameters<typeof report>[0],
  keepMs: number | undefined,
  warning: RegExp,
][] = [
  [
    'a partition without a leader',
    { partitions: [{ id: 3, leader: null, low: null, high: null }] },
    undefined,
    /^partition 3 without a leader: /,
  ],
  [
    'compaction',
    { settings: { 'cleanup.policy': 'compact,delete' } },
    undefined,
    /^cleanup\.policy=compact,delete: .*only the last message of each key/,
  ],
  [
    'a retention that is shorter than asked for',
    {},
    30 * 24 * HOUR_MS,
    /^retention\.ms=604800000 is shorter than the 2592000 s of --keep/,
  ],
  [
    'a retention by size that is too small at this rate',
    // A partition gets 50 MB an hour.
    { settings: { 'retention.bytes': '500000000' } },
    11 * HOUR_MS,
    /^retention\.bytes=500000000 .*: about 550000000$/,
  ],
  [
    'packets older than the retention',
    { settings: { 'retention.ms': String(HOUR_MS) } },
    undefined,
    /^the first packets are older than retention\.ms/,
  ],
  [
    'packets that are longer than the topic takes',
    { settings: { 'max.message.bytes': '2000' } },
    undefined,
    /^max\.message\.bytes=2000: brokers refuse longer packets/,
  ],
  [
    'times of arrival',
    { settings: { 'message.timestamp.type': 'LogAppendTime' } },
    undefined,
    /^message\.timestamp\.type=LogAppendTime: /,
  ],
  [
    'messages that are no packets',
    { sample: { timesFromKafka: 100 } },
    undefined,
    /^100 of 100 messages have no packet's time/,
  ],
  [
    'a sample that could not be read',
    { sample: { problem: 'read topic pcap: no' } },
    undefined,
    /^the sample is incomplete: read topic pcap: no$/,
  ],
  [
    'messages that are all gone',
    { sample: { messages: 0, packets: 0 } },
    undefined,
    /^none of the messages/,
  ],
];
for (const [what, facts, keepMs, warning] of cases) {
  test(`warns of ${what}`, () => {
    const warnings = warningsOf(report(facts), { ...NOTHING_ASKED, keepMs });
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0] ?? '', warning);
  });
}

test('says of settings that it could not see why', () => {
  const warnings = warningsOf(
    { ...report(), settings: settingsOf({}) },
    { ...NOTHING_ASKED, keepMs: HOUR_MS, problem: 'no' },
  );
  assert.deepEqual(warnings, ["the topic's settings are not known: no"]);
});

test('a retention without limit, and one of a compacted topic, is short for nobody', () => {
  for (const settings of [
    { 'retention.ms': '-1' },
    { 'cleanup.policy': 'compact', 'retention.ms': '1' },
  ]) {
    const warnings = warningsOf(report({ settings }), { ...NOTHING_ASKED, keepMs: 1e12 });
    assert.deepEqual(
      warnings.filter((warning) => warning.startsWith('retention')),
      [],
    );
  }
});

test('a setting that is no number is not known', () => {
  assert.equal(settingsOf({ 'retention.ms': 'soon' }).retentionMs, null);
});
