import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Cause } from '#kcap/errors/cause.js';
import { undeliveredProblem, undeliveredText, type SendingFacts } from '#kcap/kafka/undelivered.js';

const FACTS: SendingFacts = {
  client: {
    properties: new Map([['bootstrap.servers', 'b:9092']]),
    ...{ topic: 'pcap', role: 'producer' },
  },
  ...{ topicSettings: {}, messageBytes: 1_000_000, headers: [] },
  sends: 'packets',
  timestamp: 'packet',
};
const REFUSED = causeOf('time-refused', 'time (or content) refused by the broker');

test('names the clock that a refused time comes from, and the limits of the topic', () => {
  const packet = undeliveredProblem(
    { cause: REFUSED, timeMs: Date.UTC(2040, 0, 1) },
    { ...FACTS, topicSettings: { 'message.timestamp.after.max.ms': '3600000' } },
  );
  assert.match(
    packet.cause,
    /refused by the broker: the packet's own time, 2040-01-01T00:00:00\.000Z, where this machine's clock says 20\d\d-/,
  );
  assert.equal(
    packet.remedy,
    'raise message.timestamp.after.max.ms=3600000 and message.timestamp.before.max.ms of the topic, ' +
      'or send the time of sending instead: --kafka-timestamp now',
  );
  for (const timestamp of ['now', 'packet'] as const) {
    const now = undeliveredProblem({ cause: REFUSED, timeMs: Date.now() }, { ...FACTS, timestamp });
    assert.match(now.cause, /: by this machine's clock, 20\d\d-/);
    assert.match(now.remedy ?? '', /^set this machine's clock or the broker's/);
  }
});

test('names the header where no packet would fit beside it', () => {
  const large = causeOf('larger-than-topic-takes', '');
  const facts = { ...FACTS, topicSettings: { 'max.message.bytes': '1000' } };
  const remedyOf = (value: string) =>
    undeliveredProblem(
      { cause: large },
      {
        ...facts,
        headers: [
          ['a', 'b'],
          ['site', value],
        ],
      },
    ).remedy;
  assert.equal(
    remedyOf('x'.repeat(1000)),
    'shorten the header site (-H), which has 1004 bytes, or raise max.message.bytes of the topic',
  );
  assert.match(remedyOf('x'.repeat(500)) ?? '', /^cut packets with -s/);
  const unknown: SendingFacts = { ...FACTS, headers: [['site', 'x'.repeat(1000)]] };
  assert.match(undeliveredProblem({ cause: large }, unknown).remedy ?? '', /^cut packets with -s/);
  const client = causeOf('larger-than-client-takes', 'larger than message.max.bytes allows');
  assert.equal(
    undeliveredProblem({ cause: client }, { ...unknown, messageBytes: 1000 }).remedy,
    'shorten the header site (-H), which has 1004 bytes, or raise -X message.max.bytes',
  );
});

test('says an absurd time as it is', () => {
  const { cause } = undeliveredProblem({ cause: REFUSED, timeMs: 9e15 }, FACTS);
  assert.match(cause, /9000000000000000 ms since 1970/);
});

test("has the remedy of an error that is among Kafka's causes", () => {
  const timedOut = causeOf('msg-timed-out', 'Local: Message timed out');
  const { cause, remedy } = undeliveredProblem({ cause: timedOut }, FACTS);
  assert.equal(cause, 'Local: Message timed out');
  assert.match(remedy ?? '', /^no broker took them in time/);
});

test('keeps any other cause as it is, and what was wrong with the connection', () => {
  for (const [id, cause] of [
    ['stale-broker-epoch', 'Broker: Stale broker epoch'],
    ['not-delivered-in-time', 'not delivered before the drain timeout: Connection refused'],
  ] as const)
    assert.deepEqual(undeliveredProblem({ cause: causeOf(id, cause) }, FACTS), {
      cause,
      remedy: undefined,
    });
});

test('says how many have failed since it was last said', () => {
  const failure = { cause: causeOf('policy-violation', 'Broker: Policy violation'), packets: 5 };
  const said = (before?: number) => undeliveredText(failure, before, FACTS);
  const why = "Broker: Policy violation; the brokers' policy refuses it: their log says why";
  assert.equal(said(), `packets are not delivered: ${why}`);
  assert.equal(said(2), `3 more packet(s) not delivered: ${why}`);
});

function causeOf(id: string, text: string): Cause {
  return { id, fate: 'failed', loss: true, text };
}
