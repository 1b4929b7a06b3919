import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';

import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';

import { batchOf, numbered } from '../packet/packets.js';
import { freePort } from '../support/free-port.js';
import { InMemoryKafka } from './in-memory.js';

describe('the in-memory broker', () => {
  test('listens on a port of its own choice, on this machine only', async (t) => {
    const broker = new InMemoryBroker(0);
    t.after(() => {
      broker.close();
    });
    const [host, port] = broker.address.split(':');
    assert.equal(host, '127.0.0.1');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    socket.destroy();
  });

  test('listens on the port that it is given, which is free again when it has closed', async () => {
    const port = await freePort();
    for (let turn = 0; turn < 2; turn++) {
      const broker = new InMemoryBroker(port);
      assert.equal(broker.address, `127.0.0.1:${port}`);
      broker.close();
    }
  });

  test('says that a port is taken, and what to do', (t) => {
    const broker = new InMemoryBroker(0);
    t.after(() => {
      broker.close();
    });
    const port = Number(broker.address.split(':')[1]);
    assert.throws(() => new InMemoryBroker(port), {
      message: `broker on port ${port}: Address already in use`,
      remedy: 'choose another one with --port',
      exitStatus: 1,
    });
  });

  test('refuses a topic that it has already', (t) => {
    const broker = new InMemoryBroker(0);
    t.after(() => {
      broker.close();
    });
    broker.createTopic('pcap', 2);
    assert.throws(
      () => {
        broker.createTopic('pcap', 2);
      },
      { message: 'topic pcap: Broker: Topic already exists' },
    );
  });

  test('keeps what is sent to one topic apart from the others, as two brokers do', async (t) => {
    const one = new InMemoryKafka(t);
    const other = new InMemoryKafka(t);
    assert.notEqual(one.address, other.address);
    await one.send(batchOf(numbered(1)));
    await other.send(batchOf(numbered(2)));
    const batch = await one.consumer({ end: 1 }).next();
    assert.equal(batch?.packets.count, 1);
  });

  test('can be closed twice', () => {
    const broker = new InMemoryBroker(0);
    broker.close();
    broker.close();
  });

  test('makes no topic once it is closed', () => {
    const broker = new InMemoryBroker(0);
    broker.close();
    assert.throws(
      () => {
        broker.createTopic('pcap', 1);
      },
      { message: 'topic pcap: the broker is closed' },
    );
  });
});
