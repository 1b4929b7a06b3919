import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ClockWatch } from '#kcap/watchdogs/clock-watch.js';
import { CutWatch } from '#kcap/watchdogs/cut-watch.js';
import { DeliveryWatch } from '#kcap/watchdogs/delivery-watch.js';
import { DropWatch } from '#kcap/watchdogs/drop-watch.js';
import { LinkWatch } from '#kcap/watchdogs/link-watch.js';

import { keptLog } from '../kafka/log.js';
import { accountWith } from '../pipeline/ends.js';

describe('DropWatch', () => {
  test('says the rate and the remedy at once, then every five seconds what has dropped since', () => {
    const { log, said } = watched();
    const watch = new DropWatch(log);
    watch.look(accountWith({}), 0);
    watch.look(accountWith({}, { dropped_kernel: 300 }), 2000);
    watch.look(accountWith({}, { dropped_kernel: 400 }), 3000);
    watch.look(accountWith({}, { dropped_kernel: 800 }), 7000);
    watch.look(accountWith({}, { dropped_kernel: 800 }), 12_000);
    assert.deepEqual(said(), [
      "packets drop: 300 in 2.0 s (150/s) found the kernel's buffer full; " +
        'a larger one (-B), a filter (-f) or shorter packets (-s) help',
      "packets drop: 500 in 5.0 s (100/s) found the kernel's buffer full; " +
        'a larger one (-B), a filter (-f) or shorter packets (-s) help',
    ]);
  });

  test('tells drops of the interface apart', () => {
    const { log, said } = watched();
    new DropWatch(log).look(accountWith({}, { dropped_interface: 7 }), 1000);
    assert.match(said().join(), /^packets drop: 7 in 1\.0 s \(7\/s\) in the interface/);
  });
});

describe('DeliveryWatch', () => {
  test('says how old the oldest packet is that waits, now and then, and when none does', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log);
    watch.look(accountWith({ taken: 10, out: 10 }), 0);
    for (let second = 1; second <= 14; second++)
      watch.look(accountWith({ taken: 10 + second * 100, out: 10 }), second * 1000);
    watch.look(accountWith({ taken: 1410, out: 1410 }), 15_000);
    assert.deepEqual(said(), [
      'Kafka is 3 s behind: 400 packet(s) wait',
      'Kafka is 13 s behind: 1400 packet(s) wait',
      'Kafka has caught up',
    ]);
  });

  test('does not call it caught up where packets have failed', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log);
    const behind = accountWith({ taken: 10, failed: 2 });
    watch.look(behind, 0);
    watch.look(behind, 3000);
    watch.look(accountWith({ taken: 10, out: 1, failed: 9 }), 4000);
    assert.deepEqual(said(), [
      'Kafka is 3 s behind: 8 packet(s) wait',
      'no packets wait for Kafka any more, but 7 failed meanwhile',
    ]);
  });

  test('is quiet while packets wait no longer than batching takes, however many do', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log);
    for (let second = 1; second <= 60; second++)
      watch.look(
        accountWith({ taken: second * 100_000, out: second * 100_000 - 50_000 }),
        second * 1000,
      );
    assert.deepEqual(said(), []);
  });

  test('names what slows the way to the brokers down, where that is known', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log, 'they are far away');
    for (let second = 1; second <= 5; second++)
      watch.look(accountWith({ taken: second * 100, out: second }), second * 1000);
    assert.deepEqual(said(), ['Kafka is 3 s behind: 396 packet(s) wait; they are far away']);
  });

  test('does not blame the way where nothing gets through at all', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log, 'they are far away');
    const behind = accountWith({ taken: 100, out: 50 });
    for (const nowMs of [0, 1000, 2000, 3000]) watch.look(behind, nowMs);
    assert.deepEqual(said(), ['Kafka is 3 s behind: 50 packet(s) wait']);
  });

  test('counts what is on disk, too', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log);
    const behind = accountWith({ taken: 100, out: 50, spooled: 20 });
    watch.look(behind, 0);
    watch.look(behind, 3000);
    assert.deepEqual(said(), ['Kafka is 3 s behind: 50 packet(s) wait, 20 of them on disk']);
  });

  test('remembers a long outage in bounded memory, and when it began', () => {
    const { log, said } = watched();
    const watch = new DeliveryWatch(log);
    for (let second = 0; second <= 5000; second++)
      watch.look(accountWith({ taken: second + 1 }), second * 1000);
    assert.match(said().at(-1) ?? '', /^Kafka is 4993 s behind/);
  });
});

describe('ClockWatch', () => {
  test('says by how much the clock jumped, forwards and back', () => {
    const { log, said } = watched();
    let wallClockMs = 1_700_000_000_000;
    const watch = new ClockWatch(log, () => wallClockMs);
    const look = (afterMs: number, nowMs: number) => {
      wallClockMs += afterMs;
      watch.look(accountWith({}), nowMs);
    };
    look(0, 0);
    look(1000, 1000);
    look(4200, 2000);
    look(1000, 3000);
    look(-3_600_000, 4000);
    assert.deepEqual(said(), [
      'the clock jumped by +3.2 s: the times of packets jump with it',
      'the clock jumped by -3601.0 s: the times of packets jump with it',
    ]);
  });

  test('is quiet while the clock is slowly put right', () => {
    const { log, said } = watched();
    let wallClockMs = 0;
    const watch = new ClockWatch(log, () => wallClockMs);
    for (let second = 0; second < 100; second++) {
      watch.look(accountWith({}), second * 1000);
      wallClockMs += 1200;
    }
    assert.deepEqual(said(), []);
  });
});

describe('CutWatch', () => {
  test('says once that packets are cut, and how to keep them whole', () => {
    const { log, said } = watched();
    const watch = new CutWatch(log, 65_535);
    for (const cut of [0, 3, 564]) watch.look(accountWith({}, { cut }));
    assert.deepEqual(said(), [
      'packets are longer than 65535 bytes and are cut: -s 0 keeps them whole ' +
        '(segmentation offload makes them that long)',
    ]);
  });
});

describe('LinkWatch', () => {
  test('says when the interface goes down and when it is up again', () => {
    const { log, said } = watched();
    const states = ['up', 'up', 'down', 'down', 'lowerlayerdown', 'up'];
    const watch = new LinkWatch(log, 'eth0', () => states.shift());
    for (let i = 0; i < 7; i++) watch.look();
    assert.deepEqual(said(), ['eth0 is down: no packets until it is up again', 'eth0 is up again']);
  });
});

function watched() {
  const { log, records } = keptLog();
  return { log, said: () => records.map(({ msg }) => String(msg)) };
}
