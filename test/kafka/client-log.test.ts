import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ClientLog } from '#kcap/kafka/client-log.js';

import { keptLog } from './log.js';

const FACTS = {
  properties: new Map([
    ['bootstrap.servers', 'b:9092'],
    ['sasl.password', 'hunter2'],
  ]),
  topic: 'pcap',
  role: 'consumer',
} as const;

describe("the log of librdkafka's clients", () => {
  // librdkafka's levels are syslog's.
  const levels = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug', 'debug'];
  for (const [number, level] of levels.entries()) {
    test(`has its lines of level ${number} as ${level}`, () => {
      const { log, records } = keptLog();
      const line = { level: number, facility: 'CONFWARN', message: '[thrd:b]: odd' };
      new ClientLog(log, FACTS).handle({ kind: 'log', ...line });
      // Which thread said it is of no interest.
      assert.deepEqual(records, [{ level, msg: 'librdkafka: CONFWARN: odd' }]);
    });
  }

  // What they say comes as an error as well.
  for (const [level, facility] of [
    [3, 'FAIL'],
    [1, 'LIBSASL'],
    [0, 'FATAL'],
  ] as const)
    test(`leaves ${facility} to the error that says it`, () => {
      const { log, records } = keptLog();
      new ClientLog(log, FACTS).handle({ kind: 'log', level, facility, message: 'refused' });
      assert.deepEqual(records, [{ level: 'debug', msg: `librdkafka: ${facility}: refused` }]);
    });

  test('hides secrets, and says what can be done', () => {
    const { log, records } = keptLog();
    const clientLog = new ClientLog(log, FACTS);
    clientLog.handle({ kind: 'log', level: 7, facility: 'X', message: 'echo hunter2 | kinit' });
    const message = 'SSL handshake failed: wrong version number: hunter2';
    clientLog.handle({ kind: 'error', name: '_SSL', message, fatal: false });
    assert.deepEqual(records, [
      { level: 'debug', msg: 'librdkafka: X: echo *** | kinit' },
      {
        level: 'warn',
        msg: 'Kafka: no TLS is spoken there; leave TLS out, -X security.protocol=PLAINTEXT, or name the port of a TLS listener with -k',
      },
    ]);
  });

  test('says an error once in ten seconds, and another one all the same', (t) => {
    let now = 1_000_000;
    t.mock.method(performance, 'now', () => now);
    const { log, records } = keptLog();
    const clientLog = new ClientLog(log, FACTS);
    const say = (name: string) => {
      clientLog.handle({ kind: 'error', name, message: `message of ${name}`, fatal: false });
      return records.splice(0);
    };
    const refused = [{ level: 'warn', msg: 'Kafka: message of REFUSED' }];
    assert.deepEqual(say('REFUSED'), refused);
    now += 9999;
    assert.deepEqual(say('REFUSED'), []);
    assert.deepEqual(say('SSL'), [{ level: 'warn', msg: 'Kafka: message of SSL' }]);
    now += 1;
    assert.deepEqual(say('REFUSED'), refused);
  });

  test('does not warn of what a file has for the other mode', () => {
    const { log, records } = keptLog();
    const message =
      '[thrd:app]: Configuration property acks is a producer property and will be ignored by this consumer instance';
    new ClientLog(log, FACTS).handle({ kind: 'log', level: 4, facility: 'CONFWARN', message });
    assert.deepEqual(
      records.map(({ level }) => level),
      ['debug'],
    );
  });

  test('says of each broker what is wrong with it, and that none is left', () => {
    const { log, records } = keptLog();
    const clientLog = new ClientLog(log, FACTS);
    const say = (name: string, message: string) => {
      clientLog.handle({ kind: 'error', name, message, fatal: false });
    };
    for (const broker of ['b', 'c'])
      say('_TRANSPORT', `${broker}:9092/1: Disconnected (after 5ms in state UP)`);
    say('_ALL_BROKERS_DOWN', '1/2 brokers are down');
    say('_ALL_BROKERS_DOWN', '2/2 brokers are down');
    assert.deepEqual(
      records.map(({ msg }) => msg),
      [
        'Kafka: b:9092/1: Disconnected',
        'Kafka: c:9092/1: Disconnected',
        'Kafka: no broker can be reached; kcap goes on trying',
      ],
    );
  });

  test('has statistics as a record, for machines', () => {
    const { log, records } = keptLog();
    new ClientLog(log, FACTS).handle({ kind: 'statistics', json: '{"msg_cnt":3}' });
    assert.deepEqual(records, [
      { level: 'info', event: 'librdkafka-statistics', statistics: { msg_cnt: 3 } },
    ]);
  });

  test('has nothing to say about deliveries', () => {
    const { log, records } = keptLog();
    new ClientLog(log, FACTS).handle({ kind: 'reports' });
    new ClientLog(log, FACTS).handle({ kind: 'failure' });
    assert.deepEqual(records, []);
  });
});
