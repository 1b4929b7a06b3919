import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { OutputClosed, WriteFailed, type ByteOutput } from '#kcap/files/byte-output.js';
import { carried, received } from '#kcap/task/workers/carried-error.js';
import { logAgain, openCarriedLog } from '#kcap/task/workers/carried-log.js';
import { CarriedOutput, CommonOutput } from '#kcap/task/workers/carried-output.js';

import { keptLog } from '../../kafka/log.js';

test('an error is the same in another thread', () => {
  const errors = [
    new UserError('capture on eth0', 'it is: away', { remedy: 'wait', passes: 'later' }),
    new UserError('filter', 'wrong', { exitStatus: 2 }),
    new UserError('connect to b:9092', 'Connection refused', { passes: 'away' }),
    new Error('a bug'),
  ];
  for (const error of errors) {
    const again = received(structuredClone(carried(error)));
    assert.equal(again.constructor, error.constructor);
    assert.equal(again.stack === error.stack, !(error instanceof UserError));
    assert.deepEqual(Object.entries(again), Object.entries(error));
    assert.equal(again.message, error.message);
  }
});

test('records are logged as in one thread, from the level on that holds', async () => {
  const { log, records } = keptLog();
  const carriedLog = await openCarriedLog('info', (record) => {
    logAgain(record, log);
  });
  carriedLog.log.info({ event: 'connected', port: 1 }, 'connected');
  carriedLog.log.debug('too much');
  carriedLog.use('debug');
  carriedLog.log.debug('just right');
  carriedLog.use('error');
  carriedLog.log.warn('too much again');
  assert.deepEqual(
    records.map(({ msg, event, port }) => [msg, event, port]),
    [
      ['connected', 'connected', 1],
      ['just right', undefined, undefined],
    ],
  );
});

/** A worker's end of an output, whose writes end as they are told to. */
function outputOf(write: ByteOutput['write']): CarriedOutput {
  const nothing = () => Promise.resolve();
  const common = new CommonOutput(
    { write, onReaderLeft: () => undefined, close: nothing },
    new AbortController().signal,
  );
  const output: CarriedOutput = new CarriedOutput((message) => {
    assert.equal(message.kind, 'write');
    const { id, bytes } = structuredClone(message);
    void common.write(bytes).then((trouble) => {
      output.written(id, structuredClone(trouble));
    });
  });
  return output;
}

test('bytes of several writers come out whole, and what is wrong comes back', async () => {
  const written: string[] = [];
  const { signal } = new AbortController();
  const output = outputOf(async (bytes) => {
    const text = bytes.toString();
    if (text === 'nobody') throw new OutputClosed(3);
    if (text === 'slow') throw new OutputClosed(4, true);
    if (text === 'full')
      throw new WriteFailed(
        'standard output',
        Object.assign(new Error('ENOSPC: no space left on device, write'), {
          ...{ code: 'ENOSPC', syscall: 'write' },
        }),
        2,
      );
    for (const letter of text) {
      written.push(letter);
      await Promise.resolve();
    }
  });
  await Promise.all(['one', 'two'].map((text) => output.write(Buffer.from(text), signal)));
  assert.equal(written.join(''), 'onetwo');
  await assert.rejects(output.write(Buffer.from('nobody'), signal), (error) => {
    return error instanceof OutputClosed && error.bytesWritten === 3 && !error.isGivenUp;
  });
  await assert.rejects(output.write(Buffer.from('slow'), signal), (error) => {
    return error instanceof OutputClosed && error.bytesWritten === 4 && error.isGivenUp;
  });
  await assert.rejects(output.write(Buffer.from('full'), signal), (error) => {
    assert.ok(error instanceof WriteFailed);
    assert.equal(error.message, 'write standard output: ENOSPC: no space left on device');
    assert.match(error.remedy ?? '', /^make room there/);
    return error.bytesWritten === 2;
  });
});

test('a writer that gives up does not wait for an output that takes nothing', async () => {
  const output = outputOf(() => new Promise(() => undefined));
  const giveUp = new AbortController();
  const writing = output.write(Buffer.from('bytes'), giveUp.signal);
  giveUp.abort();
  await assert.rejects(writing, OutputClosed);
});
