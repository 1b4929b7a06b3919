import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ClientLog } from '#kcap/kafka/client-log.js';

import { keptLog } from './log.js';

describe("the log of librdkafka's clients", () => {
  // librdkafka's levels are syslog's. What it logs as an error comes as an error as well.
  const levels = ['fatal', 'fatal', 'fatal', 'debug', 'warn', 'info', 'info', 'debug', 'debug'];
  for (const [number, level] of levels.entries()) {
    test(`has its lines of level ${number} as ${level}`, () => {
      const { log, records } = keptLog();
      const line = { level: number, facility: 'FAIL', message: '[thrd:b]: refused' };
      new ClientLog(log).handle({ kind: 'log', ...line });
      assert.deepEqual(records, [{ level, msg: 'librdkafka: FAIL: [thrd:b]: refused' }]);
    });
  }

  test('says an error once in ten seconds, and another one all the same', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    const { log, records } = keptLog();
    const clientLog = new ClientLog(log);
    const say = (name: string) => {
      clientLog.handle({ kind: 'error', name, message: `message of ${name}`, fatal: false });
      return records.splice(0);
    };
    const refused = [{ level: 'warn', msg: 'Kafka: message of REFUSED' }];
    assert.deepEqual(say('REFUSED'), refused);
    t.mock.timers.tick(9999);
    assert.deepEqual(say('REFUSED'), []);
    assert.deepEqual(say('SSL'), [{ level: 'warn', msg: 'Kafka: message of SSL' }]);
    t.mock.timers.tick(1);
    assert.deepEqual(say('REFUSED'), refused);
  });

  test('has statistics as a record, for machines', () => {
    const { log, records } = keptLog();
    new ClientLog(log).handle({ kind: 'statistics', json: '{"msg_cnt":3}' });
    assert.deepEqual(records, [
      { level: 'info', event: 'librdkafka-statistics', statistics: { msg_cnt: 3 } },
    ]);
  });

  test('has nothing to say about deliveries', () => {
    const { log, records } = keptLog();
    new ClientLog(log).handle({ kind: 'reports' });
    new ClientLog(log).handle({ kind: 'failure' });
    assert.deepEqual(records, []);
  });
});
