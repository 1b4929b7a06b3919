import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { RedisSubscriber, type RedisChannel } from '#kcap/redis/subscriber.js';

import { CertificateAuthority } from '../support/certificates.js';
import { redisServer } from '../support/redis-server.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT = { limitMs: 20_000, what: 'what a subscriber says' };

async function subscriber(t: TestContext, channel: Partial<RedisChannel>) {
  const said: string[] = [];
  const opened = await RedisSubscriber.open(
    {
      ...{ host: '127.0.0.1', port: 6379, channel: 'capture', username: '', password: '' },
      ...{ tls: false, ca: '', ...channel },
    },
    {
      onMessage: (message) => said.push(`message ${message}`),
      onAway: ({ message }) => said.push(`away ${message}`),
      onConnected: () => said.push('connected'),
    },
  );
  t.after(() => {
    opened.close();
  });
  return {
    said,
    until: (line: string | RegExp, count = 1) =>
      waitFor(
        () =>
          said.filter((one) => (line instanceof RegExp ? line.test(one) : one === line)).length >=
          count,
        LIMIT,
      ),
  };
}

test('hears messages, also after the server was killed and is back, and says both once', async (t) => {
  const redis = await redisServer(t);
  const { said, until } = await subscriber(t, { port: redis.port });
  await until('connected');
  await redis.subscribed('capture');
  assert.equal(await redis.publish('capture', 'one'), 1);
  await until('message one');
  await redis.kill();
  await until(/^away/);
  await redis.restart();
  await until('connected', 2);
  assert.equal(await redis.publish('capture', 'two'), 1);
  await until('message two');
  assert.deepEqual(
    said.map((line) => line.replace(/^away.*/, 'away')),
    ['connected', 'message one', 'away', 'connected', 'message two'],
  );
});

test('begins without a server, and connects once it is there', async (t) => {
  const redis = await redisServer(t);
  await redis.kill();
  const { said, until } = await subscriber(t, { port: redis.port });
  await until(/^away .*ECONNREFUSED/);
  await redis.restart();
  await until('connected');
  await redis.subscribed('capture');
  await redis.publish('capture', 'one');
  await until('message one');
  assert.equal(said.filter((line) => line.startsWith('away')).length, 1);
});

test('logs in with a password, and says what is wrong with another one', async (t) => {
  const redis = await redisServer(t, {
    options: ['--requirepass', 'secret'],
    password: 'secret',
  });
  const right = await subscriber(t, { port: redis.port, password: 'secret' });
  await right.until('connected');
  const wrong = await subscriber(t, { port: redis.port, password: 'terces' });
  await wrong.until(/^away WRONGPASS/);
  const none = await subscriber(t, { port: redis.port });
  await none.until(/^away NOAUTH/);
  assert.doesNotMatch([...wrong.said, ...none.said].join('\n'), /secret|terces/);
});

test('logs in with a name of its own, over TLS, and trusts only its authority', async (t) => {
  const folder = await tempFolder(t);
  const authority = await CertificateAuthority.make(folder, 'authority');
  const { certificate, key } = await authority.issue({
    commonName: 'redis',
    names: ['IP:127.0.0.1'],
  });
  const redis = await redisServer(t, {
    tls: true,
    options: [
      ...['--user', 'alerts', 'on', '>secret', 'allcommands', 'allchannels'],
      ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'],
    ],
  });
  const login = { port: redis.port, username: 'alerts', password: 'secret', tls: true };
  const right = await subscriber(t, { ...login, ca: authority.file });
  await right.until('connected');
  const stranger = await subscriber(t, login);
  await stranger.until(/^away (self-signed certificate|unable to (verify|get))/);
});
