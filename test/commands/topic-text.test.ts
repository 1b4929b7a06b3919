import assert from 'node:assert/strict';
import { test } from 'node:test';

import { topicText } from '#kcap/commands/topic-text.js';
import type { Microseconds } from '#kcap/packet/timestamp.js';
import type { TopicReport } from '#kcap/topic/topic-report.js';
import { TopicSample } from '#kcap/topic/topic-sample.js';
import { settingsOf } from '#kcap/topic/topic-settings.js';

const SETTINGS = {
  'retention.ms': '604800000',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'max.message.bytes': '1048588',
  'cleanup.policy': 'delete',
};

function report(facts: Partial<TopicReport> = {}): TopicReport {
  return {
    topic: 'pcap',
    partitions: [
      { id: 0, leader: 1, low: 200, high: 1_000_200 },
      { id: 1, leader: null, low: null, high: null },
    ],
    messages: 1_000_000,
    estimatedBytes: 123_456_789,
    settings: settingsOf(SETTINGS),
    sample: Object.assign(new TopicSample(), {
      messages: 100,
      packets: 100,
      first: 1_700_000_000_000_000 as Microseconds,
      last: 1_700_003_900_000_000 as Microseconds,
      linkTypes: new Set([1, 113]),
      hosts: new Set(['b', 'a\x1b[2J', 'c\nwarning: d']),
    }),
    messagesPerSecond: 256.41,
    warnings: [],
    ...facts,
  };
}

test('a topic is shown in lines and a table, whose numbers stand to the right', () => {
  assert.equal(
    topicText(report(), 80),
    `topic         pcap
messages      1,000,000
size          about 118 MiB before compression (estimated from the sample)
first packet  2023-11-14T22:13:20.000000Z
last packet   2023-11-14T23:18:20.000000Z (1 h 5 min later, 256 messages/s)
link types    EN10MB, LINUX_SLL
packed        no: a packet a message
hosts         a\\x1b[2J, b, c\\x0awarning: d
interfaces    -
retention     7 d
timestamps    CreateTime
max message   1 MiB
cleanup       delete
sample        100 messages, the first and last of each partition

PARTITION  LEADER  FIRST OFFSET  END OFFSET  MESSAGES
        0       1           200     1000200   1000000
        1    none             -           -         -
`,
  );
});

test('what is not known is shown so', () => {
  const text = topicText(
    report({ settings: settingsOf({}), sample: new TopicSample(), estimatedBytes: undefined }),
    undefined,
  );
  for (const name of ['size', 'retention', 'timestamps', 'max message', 'cleanup'])
    assert.match(text, new RegExp(`^${name} +\\?$`, 'm'));
  for (const name of ['first packet', 'last packet', 'link types', 'packed', 'hosts'])
    assert.match(text, new RegExp(`^${name} +-$`, 'm'));
});

test('a compacted topic has at most as many messages as its offsets say', () => {
  const settings = settingsOf({ ...SETTINGS, 'cleanup.policy': 'compact' });
  assert.match(topicText(report({ settings }), 80), /^messages +at most 1,000,000$/m);
});

test('packed messages are told from plain ones, and a mixture has no estimate', () => {
  const mixed = report({ estimatedBytes: undefined });
  Object.assign(mixed.sample, { packedMessages: 50, packets: 1000 });
  const text = topicText(mixed, 80);
  assert.match(text, /^packed +50 of 100 messages: about 19 packets in each of them$/m);
  assert.match(text, /^size +\? \(packed and plain messages are mixed\)$/m);
});

test('warnings come last, wrapped', () => {
  const warning = 'first '.repeat(20).trim();
  const text = topicText(report({ warnings: [warning, 'second'] }), 40);
  assert.ok(
    text.endsWith(
      '\nwarning: first first first first first\n' +
        `${'  first first first first first first\n'.repeat(2)}  first first first\nwarning: second\n`,
    ),
    text,
  );
  for (const line of text.split('\n').slice(-6)) assert.ok(line.length <= 40, line);
});
