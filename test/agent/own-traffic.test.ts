import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { test } from 'node:test';

import pino from 'pino';

import type { Captures } from '#kcap/agent/triggers/captures.js';
import { listenToRedis } from '#kcap/agent/triggers/redis-trigger.js';
import { SqsTrigger } from '#kcap/agent/triggers/sqs-trigger.js';
import { Logs } from '#kcap/agent/logs.js';
import { cloudsharkTarget, s3Target } from '#kcap/uploads/targets.js';

import { cloudsharkStandIn } from '../support/cloudshark-server.js';
import { captureLoopback } from '../support/loopback-capture.js';
import { redisServer } from '../support/redis-server.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT = { limitMs: 10_000 };
const NEVER = new AbortController().signal;
const KEY = { accessId: 'AKIAEXAMPLE', accessKey: 'secret-access-key' };
const FILE = { name: 'a.pcap', chunks: [Buffer.from('own')], tags: '', s3: {} };
const PLACE = { bucket: 'pcaps', folder: '', region: 'us-east-1', acl: '', encryption: false };

test(
  'captures leave out what the agent itself says to Redis, SQS, S3, CloudShark and Loki',
  { skip: noVeth },
  async (t) => {
    // It takes what S3 and Loki are given, and has no message for SQS, which waits.
    const asked: string[] = [];
    const web = createServer((request, response) => {
      const isSqs = request.headers['x-amz-target'] !== undefined;
      asked.push(isSqs ? 'receive' : String(request.method));
      request.resume();
      if (!isSqs) request.on('end', () => response.end());
    }).listen(0, '127.0.0.1');
    t.after(() => {
      web.closeAllConnections();
      web.close();
    });
    const [redis, shark] = await Promise.all([redisServer(t), cloudsharkStandIn(t)]);
    const { port } = web.address() as AddressInfo;
    const endpoint = `http://localhost:${port}`;
    const ports = [port, redis.port, shark.port].map((one) => `tcp port ${one}`);
    const capture = captureLoopback(t, ports.join(' or '));

    const log = pino({ level: 'silent' });
    const heard: string[] = [];
    const taken = { takenUp: Promise.resolve(true), answer: new Promise<never>(() => undefined) };
    const captures = {
      take: (_: string, text: string) => {
        heard.push(text);
        return taken;
      },
    } as unknown as Captures;
    const redisTrigger = await listenToRedis(
      {
        ...{ host: 'localhost', port: redis.port, channel: 'capture', username: '', password: '' },
        ...{ tls: false, ca: '' },
      },
      captures,
      log,
    );
    const sqs = await SqsTrigger.open(
      {
        ...{ url: `${endpoint}/1/alerts`, region: 'us-east-1', endpoint: '' },
        ...{ waitSeconds: 1, chunkSize: 10, ...KEY },
      },
      captures,
      log,
    );
    const logs = new Logs(() => undefined);
    await logs.use({ loki: { endpoint, labels: {}, batchRecords: 1, batchMs: 0 } });
    logs.write(`${JSON.stringify({ level: 'info', time: new Date().toISOString() })}\n`);
    await s3Target({ ...PLACE, endpoint }, KEY).send(FILE, NEVER);
    const { token, ca } = shark;
    await cloudsharkTarget({
      ...{ scheme: 'https', host: 'localhost', port: shark.port, timeoutMs: 0, token, ca },
    }).send(FILE, NEVER);
    assert.equal(shark.uploads.length, 1);
    // The message of Redis comes over the trigger's connection, and over that of whoever publishes it.
    await redis.subscribed('capture');
    await redis.publish('capture', 'a message');
    await waitFor(() => heard.length > 0, { ...LIMIT, what: 'the message from Redis' });
    const isAsked = () => ['PUT', 'POST', 'receive'].every((one) => asked.includes(one));
    await waitFor(isAsked, { ...LIMIT, what: 'requests of all' });
    redisTrigger.close();
    await Promise.all([sqs.close(), logs.close()]);

    const stranger = connect(port, '127.0.0.1');
    await once(stranger, 'connect');
    const { localPort } = stranger;
    stranger.end('GET / HTTP/1.0\r\n\r\n');
    await once(stranger.resume(), 'close');
    const frames = await capture.frames();
    const seen = frames
      .map((frame) => [frame.readUInt16BE(34), frame.readUInt16BE(36)])
      .filter((pair) => !pair.includes(localPort ?? 0));
    // The rig has its own connections to Redis, each of which sends a command.
    const others = seen.filter((pair) => !pair.includes(redis.port));
    assert.deepEqual(others, []);
    const own = frames.filter((frame) =>
      /SUBSCRIBE|CLIENT.*SETINFO/s.test(frame.toString('latin1')),
    );
    assert.deepEqual(own.map(String), []);
    assert.ok(frames.length - seen.length >= 3, 'others are captured');
  },
);
