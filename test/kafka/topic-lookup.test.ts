import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Metadata } from 'node-rdkafka';

import type { ClientFacts } from '#kcap/kafka/client-facts.js';
import { partitionsOf } from '#kcap/kafka/topic-lookup.js';

const CREATE = 'kafka-topics.sh --bootstrap-server b:9092 --create --topic pcap';

function facts(role: ClientFacts['role'], protocol: string): ClientFacts {
  return {
    properties: new Map([
      ['bootstrap.servers', 'b:9092'],
      ['security.protocol', protocol],
    ]),
    topic: 'pcap',
    role,
  };
}

/** What there is on a cluster whose topic `pcap` has these partitions; none where it is not listed. */
function cluster(...ids: number[]): Metadata {
  const partitions = ids.map((id) => ({ id, leader: 1, replicas: [1], isrs: [1] }));
  const topics = ids.length > 0 ? [{ name: 'pcap', partitions }] : [];
  return { orig_broker_id: 1, orig_broker_name: 'b:9092/1', topics, brokers: [] };
}

/** Looks for the topic where the brokers give these answers, the last of each again and again. */
async function looking(
  role: ClientFacts['role'],
  answers: {
    lists: Metadata[];
    errors?: (string | undefined)[];
    names?: () => Promise<string[]>;
    msLeft?: () => number;
    protocol?: string;
  },
): Promise<number[]> {
  const [first = cluster(), ...lists] = answers.lists;
  const errors = [...(answers.errors ?? [])];
  let known = first;
  let error: string | undefined;
  return partitionsOf(facts(role, answers.protocol ?? 'PLAINTEXT'), first, {
    metadata: () => Promise.resolve((known = lists.shift() ?? known)),
    topicNames: answers.names ?? (() => Promise.resolve([])),
    topicError: () => Promise.resolve((error = errors.length > 0 ? errors.shift() : error)),
    msLeft: answers.msLeft ?? (() => 1000),
  });
}

describe('the partitions of a topic', () => {
  test('are those that the cluster lists', async () => {
    assert.deepEqual(await looking('consumer', { lists: [cluster(2, 0, 1)] }), [2, 0, 1]);
  });

  for (const error of [undefined, 'LEADER_NOT_AVAILABLE', 'REPLICA_NOT_AVAILABLE'])
    test(`are waited for where a broker has just started (${String(error)})`, async () => {
      const answers = { lists: [cluster(), cluster(), cluster(0)], errors: [error] };
      assert.deepEqual(await looking('consumer', answers), [0]);
    });

  test('are waited for where a producer has the topic made', async () => {
    const answers = { lists: [cluster(), cluster(0, 1)], errors: ['UNKNOWN_TOPIC_OR_PART'] };
    assert.deepEqual(await looking('producer', answers), [0, 1]);
  });

  test('are not waited for any longer than a start may take', async () => {
    let left = 300;
    const answers = { lists: [cluster()], errors: [undefined], msLeft: () => (left -= 100) };
    await assert.rejects(looking('consumer', answers), {
      message: 'topic pcap: none of its partitions has a leader',
      remedy: /--describe --topic pcap$/,
    });
  });
});

describe('a topic that there is not', () => {
  test('may be one that there is, misspelt', async () => {
    const names = () => Promise.resolve(['dns', 'pcap1', 'sip']);
    for (const role of ['consumer', 'producer'] as const) {
      const answers = { lists: [cluster()], errors: ['UNKNOWN_TOPIC_OR_PART'], names };
      const remedy = new RegExp(`^did you mean pcap1\\? Otherwise create it first, .*${CREATE}`);
      await assert.rejects(looking(role, { ...answers, msLeft: () => 0 }), { remedy });
    }
  });

  test('is said even where the brokers do not list the others', async () => {
    const names = () => Promise.reject(new Error('timed out'));
    const answers = { lists: [cluster()], errors: ['UNKNOWN_TOPIC_OR_PART'], names };
    await assert.rejects(looking('consumer', answers), { message: /^topic pcap: it does not/ });
  });

  test('is said not to exist to a consumer, at once', async () => {
    const answers = { lists: [cluster(), cluster(0)], errors: ['UNKNOWN_TOPIC_OR_PART'] };
    await assert.rejects(looking('consumer', answers), {
      message: 'topic pcap: it does not exist on b:9092',
      remedy: `create it first, for example: ${CREATE}`,
    });
  });

  for (const role of ['consumer', 'producer'] as const)
    test(`is not said not to exist where it may not be seen (${role})`, async () => {
      const answers = { lists: [cluster(), cluster(0)], errors: ['TOPIC_AUTHORIZATION_FAILED'] };
      await assert.rejects(looking(role, answers), {
        message: 'topic pcap: the user may not see it on b:9092 (TOPIC_AUTHORIZATION_FAILED)',
        remedy: /^let the user do so: kafka-acls\.sh .* --topic pcap$/,
      });
    });

  test('may be one that may not be seen where the brokers don’t say', async () => {
    const answers = { lists: [cluster()], errors: ['_TIMED_OUT'] };
    await assert.rejects(looking('consumer', answers), {
      message: 'topic pcap: it does not exist on b:9092',
      remedy: `create it first, for example: ${CREATE}`,
    });
    await assert.rejects(looking('consumer', { ...answers, protocol: 'SASL_SSL' }), {
      message: 'topic pcap: it does not exist on b:9092, or may not be seen',
      remedy: /^create it first, .*; or let the user see it: kafka-acls\.sh/,
    });
  });
});
