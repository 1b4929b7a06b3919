import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, test } from 'node:test';

import { BatchProducer } from '#kcap/kafka/batch-producer.js';
import {
  consumerProperties,
  controlProperties,
  producerProperties,
  pushSettings,
} from '#kcap/kafka/settings.js';

import { keptLog } from './log.js';

const NO_ONE = 'a group of one';

describe('what a client is set to', () => {
  const user = new Map([
    ['bootstrap.servers', 'b:9092'],
    ['client.id', 'mine'],
    ['reconnect.backoff.max.ms', '100'],
  ]);
  const all = {
    control: controlProperties,
    producer: producerProperties,
    consumer: (properties: typeof user) =>
      consumerProperties(properties, { group: NO_ONE, partitions: 1, tellsEnds: false }),
  };
  for (const [role, settings] of Object.entries(all)) {
    test(`${role}: is back within half a second of its broker, and says who it is`, () => {
      const properties = settings(new Map());
      assert.equal(properties.get('reconnect.backoff.max.ms'), '500');
      assert.equal(properties.get('client.id'), 'kcap');
    });

    test(`${role}: is what the user says, before all else`, () => {
      const properties = settings(user);
      for (const [name, value] of user) assert.equal(properties.get(name), value);
    });
  }
});

describe('what kcap sets gives way where librdkafka would refuse it beside what the user says', () => {
  test('a first wait that is longer than the longest by default', () => {
    const user = new Map([['reconnect.backoff.ms', '2000']]);
    const consumer = { group: NO_ONE, partitions: 1, tellsEnds: false };
    for (const properties of [
      controlProperties(user),
      producerProperties(user),
      consumerProperties(user, consumer),
    ])
      assert.equal(properties.get('reconnect.backoff.max.ms'), '2000');
  });

  for (const name of ['message.timeout.ms', 'delivery.timeout.ms'])
    test(`a ${name} that is shorter than packets linger by default`, () => {
      assert.equal(producerProperties(new Map([[name, '1']])).get('linger.ms'), '0.5');
      assert.equal(producerProperties(new Map([[name, '0']])).get('linger.ms'), '60000');
      const both = new Map([
        [name, '800'],
        ['linger.ms', '900'],
      ]);
      assert.equal(producerProperties(both).get('linger.ms'), '900');
    });
});

test('what asks about the cluster gives up in time on a port that does not answer', () => {
  const name = 'api.version.request.timeout.ms';
  assert.equal(controlProperties(new Map()).get(name), '5000');
  assert.equal(controlProperties(new Map([[name, '7000']])).get(name), '7000');
});

describe('what a producer is set to', () => {
  test('bounds its queue and sends in order, each packet once', () => {
    assert.equal(
      producerProperties(new Map(), { packs: true }).get('message.copy.max.bytes'),
      '4096',
      'packs are sent from where they lie',
    );
    const properties = producerProperties(new Map());
    assert.equal(properties.get('enable.idempotence'), 'true');
    assert.equal(properties.get('queue.buffering.max.messages'), '550000');
    assert.equal(properties.get('queue.buffering.max.kbytes'), '131072');
  });

  test('is what the user says under whatever name he says it', () => {
    const properties = [...producerProperties(new Map([['queue.buffering.max.ms', '5']])).keys()];
    // librdkafka takes the last of several names for one thing.
    assert.ok(properties.indexOf('queue.buffering.max.ms') > properties.indexOf('linger.ms'));
  });

  test('has packets pushed after 50 ms, unless the user has a time of his own', () => {
    assert.deepEqual(pushSettings(new Map(), 3), { pushIntervalMs: 50, fullBytes: 3_000_000 });
    for (const name of ['linger.ms', 'queue.buffering.max.ms'])
      assert.equal(pushSettings(new Map([[name, '5']]), 1).pushIntervalMs, 0);
  });

  const idempotence: [name: string, value: string, idempotent: boolean][] = [
    ['acks', 'all', true],
    ['acks', '-1', true],
    ['acks', '0', false],
    ['acks', '1', false],
    ['acks', '2', false],
    ['request.required.acks', '-1', true],
    ['request.required.acks', '1', false],
    ['retries', '1', true],
    ['retries', '10', true],
    ['retries', '0', false],
    ['message.send.max.retries', '0', false],
    ['max.in.flight', '1', true],
    ['max.in.flight', '5', true],
    ['max.in.flight', '6', false],
    ['max.in.flight', '10', false],
    ['max.in.flight', '1000000', false],
    ['max.in.flight.requests.per.connection', '5', true],
    ['max.in.flight.requests.per.connection', '6', false],
    ['queuing.strategy', 'fifo', true],
    ['queuing.strategy', 'lifo', false],
    ['compression.type', 'lz4', true],
    ['enable.idempotence', 'false', false],
  ];
  for (const [name, value, idempotent] of idempotence) {
    test(`is ${idempotent ? '' : 'not '}idempotent with ${name}=${value}, and starts`, async () => {
      const properties = producerProperties(new Map([[name, value]]));
      assert.equal(properties.get('enable.idempotence'), String(idempotent));
      await start(properties);
    });
  }

  test('is idempotent where the user insists on it, so that librdkafka says what is wrong', async () => {
    const user = new Map([
      ['acks', '1'],
      ['enable.idempotence', 'true'],
    ]);
    assert.equal(producerProperties(user).get('enable.idempotence'), 'true');
    await assert.rejects(start(producerProperties(user)), {
      message: 'Kafka producer: `acks` must be set to `all` when `enable.idempotence` is true',
      exitStatus: 2,
    });
  });
});

test('settings that contradict each other are refused at the start', async () => {
  await assert.rejects(start(producerProperties(new Map([['linger.ms', '400000']]))), {
    message: 'Kafka producer: settings of the topic: Local: Invalid argument or configuration',
    exitStatus: 2,
  });
});

describe('what a consumer is set to', () => {
  const one = { group: undefined, partitions: 1, tellsEnds: false };

  test('without a group says who it is and commits nothing, whatever the user says', () => {
    const user = new Map([
      ['enable.auto.commit', 'true'],
      ['enable.auto.offset.store', 'true'],
    ]);
    const properties = consumerProperties(user, one);
    assert.equal(properties.get('group.id'), `kcap-${hostname()}-${process.pid}`);
    assert.equal(properties.get('enable.auto.commit'), 'false');
    assert.equal(properties.get('enable.auto.offset.store'), 'false');
  });

  test('with a group leaves the committing to librdkafka, of what was stored as handled', () => {
    const properties = consumerProperties(new Map(), { ...one, group: 'team-a' });
    assert.equal(properties.get('group.id'), 'team-a');
    assert.equal(properties.has('enable.auto.commit'), false);
    assert.equal(properties.get('enable.auto.offset.store'), 'false');
  });

  test('begins at the beginning where the group has no offset or its offset is gone', () => {
    assert.equal(consumerProperties(new Map(), one).get('auto.offset.reset'), 'earliest');
    const user = new Map([['auto.offset.reset', 'latest']]);
    assert.equal(consumerProperties(user, one).get('auto.offset.reset'), 'latest');
  });

  test('several partitions do not wait long for one that has nothing more, unless the user says so', () => {
    const waits = (partitions: number, user: ReadonlyMap<string, string> = new Map()) =>
      consumerProperties(user, { ...one, partitions }).get('fetch.wait.max.ms');
    assert.deepEqual([waits(1), waits(2)], [undefined, '100']);
    assert.equal(waits(2, new Map([['fetch.wait.max.ms', '700']])), '700');
  });

  test('is told of ends where it reads to an end', () => {
    const ends = (tellsEnds: boolean) =>
      consumerProperties(new Map(), { ...one, tellsEnds }).get('enable.partition.eof');
    assert.deepEqual([ends(true), ends(false)], ['true', undefined]);
  });

  const shares: [partitions: number, kbytes: string, messages: string][] = [
    [1, '65536', '5000'],
    [3, '21845', '1666'],
    [64, '1024', '1000'],
    [1000, '65', '1000'],
  ];
  for (const [partitions, kbytes, messages] of shares) {
    test(`shares its queue among ${partitions} partition(s), each with enough to go on`, () => {
      const properties = consumerProperties(new Map(), { ...one, partitions });
      assert.equal(properties.get('queued.max.messages.kbytes'), kbytes);
      assert.equal(properties.get('queued.min.messages'), messages);
    });
  }

  for (const partitions of [1, 64, 65, 640, 10_000]) {
    test(`never asks for more than 64 MiB at once of ${partitions} partition(s)`, () => {
      const properties = consumerProperties(new Map(), { ...one, partitions });
      const bytes = Number(properties.get('fetch.message.max.bytes')) * partitions;
      const queued = Number(properties.get('queued.max.messages.kbytes')) * 1024 * partitions;
      assert.ok(Math.max(bytes, queued) <= 64 * 1024 * 1024, `${bytes} and ${queued} bytes`);
    });
  }

  test('has the queue that the user wants', () => {
    const user = new Map([['queued.max.messages.kbytes', '7']]);
    assert.equal(consumerProperties(user, one).get('queued.max.messages.kbytes'), '7');
  });
});

/** Fails where librdkafka refuses these properties. There is nobody to talk to. */
async function start(properties: ReadonlyMap<string, string>): Promise<void> {
  const producer = new BatchProducer(
    {
      properties,
      topic: 't',
      timestamp: 'now',
      mayFillQueue: true,
      pushIntervalMs: 0,
      fullBytes: 0,
      headers: [],
      namesInterface: false,
      reportEvery: 0,
    },
    keptLog().log,
  );
  await producer.close();
}
