import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

import { cloudsharkStandIn } from '../support/cloudshark-server.js';
import { gate } from '../support/gate.js';
import { motoServer } from '../support/moto-server.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { redisServer } from '../support/redis-server.js';
import { runningAgent } from '../support/running-agent.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 60_000;
const FRAMES = Array.from({ length: 20 }, (_, number) => numberedFrame(number, 100));

test(
  'Redis, SQS, S3 and CloudShark away in the middle: each message is done once, and each capture arrives',
  { skip: noVeth },
  async (t) => {
    const [veth, redis, moto, shark] = await Promise.all([
      ...[vethPair(t), redisServer(t), motoServer(t), cloudsharkStandIn(t)],
    ] as const);
    const aws = {
      ...{ region: 'us-east-1', endpoint: moto.endpoint },
      credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret-access-key' },
    };
    const [s3, sqs] = [new S3Client({ ...aws, forcePathStyle: true }), new SQSClient(aws)];
    t.after(() => {
      s3.destroy();
      sqs.destroy();
    });
    await s3.send(new CreateBucketCommand({ Bucket: 'pcaps' }));
    const { QueueUrl: url = '' } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'captures' }),
    );
    // Both keep what they hold while the agent can't reach them.
    const way = await gate(t, Number(new URL(moto.endpoint).port));
    const endpoint = `http://127.0.0.1:${way.port}`;
    const key = { accessid: 'AKIAEXAMPLE', accesskey: 'secret-access-key' };
    const agent = await runningAgent(t, {
      configuration: {
        log: { level: 'debug' },
        triggers: {
          general: { maxcaptures: 2, defaulttimeout: 60 },
          redis: { listen: true, host: '127.0.0.1', port: redis.port },
          // No long poll: one that is cut may take a message, which nobody sees for half a minute then.
          sqs: { listen: true, url: endpoint + new URL(url).pathname, ...key, waitseconds: 0 },
          s3: { upload: true, bucket: 'pcaps', endpoint, ...key },
          cloudshark: {
            ...{ upload: true, host: 'localhost', port: shark.port },
            ...{ token: shark.token, ca: shark.ca },
          },
        },
      },
    });
    const { run } = agent;
    const events = (event: string, source?: string) =>
      run.records.filter(
        (record) => record.event === event && (!source || record['source'] === source),
      );
    const until = (what: string, condition: () => boolean) =>
      waitFor(condition, { limitMs: LIMIT_MS, what }).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${run.stderr}`);
      });
    const message = (alertid: number) =>
      JSON.stringify({ node: 'any', interface: [veth.inside], packets: 5, alertid });
    const queue = (alertid: number) =>
      sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: message(alertid) }));

    // Two run, two wait for their turn, and the queue still holds them.
    for (const alertid of [1, 2, 3, 4]) await queue(alertid);
    await until('two captures', () => events('capture-started').length === 2);
    await redis.subscribed('capture');
    await Promise.all([way.shut(), redis.kill(), shark.stop()]);
    await until('both to be away', () =>
      ['sqs', 'redis'].every((source) => events('trigger-away', source).length === 1),
    );
    // What runs goes on, and its uploads are tried again; what comes meanwhile stays in the queue.
    await queue(5);
    await sendFrames(veth, FRAMES);
    const failed = (target: string) =>
      run.records.filter(({ msg }) => String(msg).includes(`.pcap: ${target}: `)).length;
    await until('uploads to fail', () => failed('s3') >= 2 && failed('cloudshark') >= 2);

    await Promise.all([way.open(), redis.restart(), shark.restart()]);
    await until('both to be back', () =>
      ['sqs', 'redis'].every((source) => events('trigger-listening', source).length === 2),
    );
    await redis.subscribed('capture');
    await redis.publish('capture', message(6));
    await until('the first two', () => events('capture-ended').length === 2);
    for (const count of [4, 6]) {
      await until(`${count} captures`, () => events('capture-started').length === count);
      await sendFrames(veth, FRAMES);
      await until(`${count} ends`, () => events('capture-ended').length === count);
    }
    const ended = events('capture-ended').map(({ tags, result }) => [
      Number(/alertid:(\d+)/.exec(String(tags))?.[1]),
      result,
    ]);
    ended.sort(([a], [b]) => Number(a) - Number(b));
    assert.deepEqual(
      ended,
      [1, 2, 3, 4, 5, 6].map((alertid) => [alertid, 'sent']),
    );
    for (const source of ['sqs', 'redis'])
      assert.equal(events('trigger-away', source).length, 1, source);
    const { Contents: objects } = await s3.send(new ListObjectsV2Command({ Bucket: 'pcaps' }));
    assert.equal(objects?.length, 6);
    assert.equal(shark.uploads.length, 6);
    assert.deepEqual(await readdir(path.join(agent.folder, 'failed')), []);
  },
);
