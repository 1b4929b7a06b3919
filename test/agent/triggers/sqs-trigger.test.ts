import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import pino from 'pino';

import type { TakenMessage } from '#kcap/agent/triggers/capture-result.js';
import { SqsTrigger } from '#kcap/agent/triggers/sqs-trigger.js';
import { SqsQueue, type SqsMessage } from '#kcap/aws/sqs-queue.js';

import { motoServer } from '../../support/moto-server.js';
import { waitFor } from '../../support/wait-for.js';

const NO_ANSWER = Promise.resolve({ captures: [], refused: [], for_others: 0 });

/** Takes messages; each is taken up once the test says so. */
function takes() {
  const bodies: string[] = [];
  const takeUps: ((all: boolean) => void)[] = [];
  return {
    bodies,
    takeUps,
    captures: {
      take: (_source: string, body: string): TakenMessage => {
        bodies.push(body);
        return { takenUp: new Promise((resolve) => takeUps.push(resolve)), answer: NO_ANSWER };
      },
    },
  };
}

/** A queue by hand: what the test gives is received, and what is done with it is noted. */
function handWritten(t: TestContext) {
  const done: string[] = [];
  const given: (SqsMessage[] | Error)[] = [];
  let wake: () => void = () => undefined;
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const failing = new Set<string>();
  const note = (what: string) => {
    done.push(what);
    return failing.delete(what) ? Promise.reject(new Error('AWS is away')) : Promise.resolve();
  };
  const asked: number[] = [];
  let received = 0;
  const receipts: string[] = [];
  const queue = {
    receive: async (most: number, giveUp: AbortSignal) => {
      asked.push(most);
      while (given.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          giveUp.addEventListener('abort', () => {
            resolve();
          });
        });
        if (giveUp.aborted) throw new Error('aborted');
      }
      const next = given.shift() ?? [];
      if (next instanceof Error) throw next;
      return next;
    },
    delete: ({ id, receipt }: SqsMessage) => {
      receipts.push(receipt);
      return note(`delete ${id}`);
    },
    hide: ({ id }: SqsMessage, seconds?: number) => note(`hide ${id} ${seconds ?? ''}`.trim()),
    close: () => undefined,
  };
  const taken = takes();
  const parts = { captures: taken.captures, log };
  const trigger = new SqsTrigger(queue, { url: 'http://sqs.example/q', chunkSize: 3 }, parts);
  t.after(async () => {
    for (const takeUp of taken.takeUps) takeUp(false);
    await trigger.close();
  });
  return {
    ...{ done, asked, receipts, failing, trigger, ...taken },
    give: (...ids: readonly string[]) => {
      received++;
      given.push(
        ids.map((id) => ({ id, body: `body ${id}`, receipt: `receipt ${id} ${received}` })),
      );
      wake();
    },
    fail: (message: string) => {
      given.push(new Error(message));
      wake();
    },
    texts: () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    until: (what: string, condition: () => boolean) =>
      waitFor(condition, { limitMs: 10_000, what }),
  };
}

test('a queue that has nothing and does not wait is asked once a second', async (t) => {
  const { asked, give, trigger, until } = handWritten(t);
  const begunAt = performance.now();
  give();
  give();
  await until('the third question', () => asked.length === 3);
  const tookMs = performance.now() - begunAt;
  assert.ok(tookMs > 1_900, `${tookMs} ms`);
  // Nor does a pause hold up the end.
  give();
  const closingAt = performance.now();
  await trigger.close();
  assert.ok(performance.now() - closingAt < 900);
});

test('deletes a message once its captures have begun, and asks for no more than it has room for', async (t) => {
  const { give, until, bodies, takeUps, done, asked } = handWritten(t);
  give('a', 'b');
  await until('both to be taken', () => bodies.length === 2);
  assert.deepEqual(bodies, ['body a', 'body b']);
  await until('a question for the third', () => asked.length === 2);
  assert.deepEqual(asked, [3, 1]);
  give('c');
  await until('the third to be taken', () => bodies.length === 3);
  assert.deepEqual(done, []);
  takeUps[1]?.(true);
  await until('the second to be deleted', () => done.length === 1);
  assert.deepEqual(done, ['delete b']);
  await until('room to be used', () => asked.length === 3);
  assert.deepEqual(asked, [3, 1, 1]);
  takeUps[0]?.(true);
  takeUps[2]?.(true);
  await until('all to be deleted', () => done.length === 3);
});

test('a message that comes again since it could not be deleted is not done twice', async (t) => {
  const { give, until, bodies, takeUps, done, failing } = handWritten(t);
  failing.add('delete a');
  give('a');
  await until('it to be taken', () => bodies.length === 1);
  takeUps[0]?.(true);
  await until('it to be deleted at last', () => done.length === 2);
  give('a');
  await until('it to be deleted again', () => done.length === 3);
  assert.deepEqual(done, ['delete a', 'delete a', 'delete a']);
  assert.deepEqual(bodies, ['body a']);
});

test('a message that comes again while its captures wait is not done twice', async (t) => {
  const { give, until, bodies, takeUps, done, receipts, asked } = handWritten(t);
  give('a');
  await until('it to be taken', () => bodies.length === 1);
  // The queue was away for longer than it is hidden.
  give('a');
  await until('the next question', () => asked.length === 3);
  takeUps[0]?.(true);
  await until('it to be deleted', () => done.length === 1);
  assert.deepEqual(bodies, ['body a']);
  // With the receipt that still holds.
  assert.deepEqual(receipts, ['receipt a 2']);
});

test('hides what waits again and again, and gives it back where the agent stops first', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { give, until, bodies, takeUps, done, trigger } = handWritten(t);
  give('a');
  await until('it to be taken', () => bodies.length === 1);
  t.mock.timers.tick(10_000);
  t.mock.timers.tick(10_000);
  assert.deepEqual(done, ['hide a', 'hide a']);
  takeUps[0]?.(false);
  await trigger.close();
  t.mock.timers.tick(60_000);
  assert.deepEqual(done, ['hide a', 'hide a', 'hide a 0']);
});

test('says once that a queue is away, and once that it is back', async (t) => {
  const { give, fail, until, bodies, texts, asked } = handWritten(t);
  give();
  await until('a second question', () => asked.length === 2);
  fail('AccessDenied: no\nway');
  await until('a third question', () => asked.length === 3);
  fail('AccessDenied: still no way');
  give('a');
  await until('it to be taken', () => bodies.length === 1);
  assert.deepEqual(texts(), [
    'sqs http://sqs.example/q: listening for capture messages',
    'sqs http://sqs.example/q: AccessDenied: no; trying again until it is back',
    'sqs http://sqs.example/q: back',
  ]);
});

test('takes messages of a real queue, also after it was killed and is back', async (t) => {
  const moto = await motoServer(t);
  const key = { accessId: 'AKIAEXAMPLE', accessKey: 'a-secret-access-key' };
  const client = new SQSClient({
    ...{ region: 'us-east-1', endpoint: moto.endpoint, maxAttempts: 1 },
    credentials: { accessKeyId: key.accessId, secretAccessKey: key.accessKey },
  });
  t.after(() => {
    client.destroy();
  });
  const make = async () =>
    (await client.send(new CreateQueueCommand({ QueueName: 'captures' }))).QueueUrl ?? '';
  const url = await make();
  const { bodies, takeUps, captures } = takes();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const queue = new SqsQueue({
    ...{ url, region: 'us-east-1', endpoint: '', waitSeconds: 1, invisibleSeconds: 30, ...key },
  });
  const trigger = new SqsTrigger(queue, { url, chunkSize: 10 }, { captures, log });
  t.after(() => trigger.close());
  const left = async () => {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes: attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
    );
    return names.map((name) => attributes[name]).join();
  };
  const until = (what: string, condition: () => boolean | Promise<boolean>) =>
    waitFor(condition, { limitMs: 30_000, what });

  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'one' }));
  await until('the first', () => bodies.length === 1);
  // Nobody else sees it, and it is still there.
  assert.equal(await left(), '0,1');
  takeUps[0]?.(true);
  await until('it to be deleted', async () => (await left()) === '0,0');

  await moto.kill();
  await until('the queue to be away', () => lines.some((line) => line.includes('trigger-away')));
  await moto.restart();
  await make();
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'two' }));
  await until('the second', () => bodies.length === 2);
  takeUps[1]?.(true);
  await until('it to be deleted', async () => (await left()) === '0,0');
  assert.deepEqual(bodies, ['one', 'two']);
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { event: string }).event),
    ['trigger-listening', 'trigger-away', 'trigger-listening'],
  );
});
