import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { taskUploads } from '#kcap/agent/task-uploads.js';
import { checkConfiguration } from '#kcap/agent/configuration/read-configuration.js';
import { documentOf } from '#kcap/documents/document.js';
import { Scope } from '#kcap/pipeline/scope.js';
import { underWay, type Account } from '#kcap/pipeline/account.js';
import type { UploadReporter } from '#kcap/task/description/file-reporters.js';
import { openUploading } from '#kcap/task/uploading.js';
import type { UploadTarget } from '#kcap/uploads/captured-file.js';

import { keptLog } from '../kafka/log.js';
import { batchOf } from '../packet/packets.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { readPcap } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { read } from './described.js';

const NEVER = new AbortController().signal;

async function uploadOf(config: object): Promise<UploadReporter> {
  const { reporters } = await read({
    ...{ id: 'web', interface: 'lo' },
    reporters: [{ name: 'upload', config }],
  });
  const [reporter] = reporters;
  assert.ok(reporter?.name === 'upload');
  return reporter;
}

function packets(first: number, count: number) {
  return batchOf(
    Array.from({ length: count }, (_, index) => ({
      ...{ seconds: first + index, fraction: 0, frame: numberedFrame(first + index, 60) },
    })),
  );
}

/** A target that takes nothing until it is open. */
class SwitchedTarget implements UploadTarget {
  readonly name = 's3';
  readonly taken = new Map<string, Buffer>();
  isOpen = false;

  readonly send: UploadTarget['send'] = ({ name, chunks, tags }) => {
    if (!this.isOpen) return Promise.reject(new Error('away'));
    assert.equal(tags, 'task:web');
    this.taken.set(name, Buffer.concat(chunks));
    return Promise.resolve(`s3://bucket/${name}`);
  };

  packets(): number {
    return [...this.taken.values()].reduce((sum, bytes) => sum + readPcap(bytes).packets.length, 0);
  }
}

async function opened(
  t: TestContext,
  target: UploadTarget,
  folder: string,
  ring = {},
  keptBounds = { files: 1000, bytes: 2 ** 30 },
) {
  const { log, records } = keptLog();
  const sink = await openUploading(
    {
      ...{ target, name: 'edge-1-web', tags: 'task:web', application: 'kcap test' },
      reporter: await uploadOf({ s3: { bucket: 'bucket' }, ring }),
      folder: path.join(folder, 'uploads'),
      keptFolder: path.join(folder, 'failed'),
      keptBounds,
      waitsMs: [1],
    },
    log,
  );
  t.after(() => sink.close());
  const events = () => records.flatMap(({ event }) => event ?? []);
  return { sink, events };
}

function counts({ in: taken, out, outcomes }: Account): unknown {
  const others = [...outcomes].map(([id, { packets: count }]) => [id, count]);
  return { in: taken.packets, out: out.packets, ...Object.fromEntries(others) };
}

test('files are sent as they are finished, and packets are out once theirs has arrived', async (t) => {
  const folder = await tempFolder(t);
  const target = new SwitchedTarget();
  target.isOpen = true;
  const { sink, events } = await opened(t, target, folder, { packets: 3 });
  await sink.write(packets(1, 5), NEVER);
  await waitFor(() => sink.account().out.packets === 3, { limitMs: 5000, what: 'the first file' });
  assert.equal(underWay(sink.account()).packets, 2);
  await sink.flush(NEVER);
  assert.deepEqual(counts(sink.account()), { in: 5, out: 5 });
  assert.equal(target.packets(), 5);
  assert.match([...target.taken.keys()].join(' '), /^edge-1-web_00001_\d+\.pcap edge-1-web_00002/);
  assert.deepEqual(await readdir(path.join(folder, 'uploads')), []);
  assert.deepEqual(events(), [
    ...['file-finished', 'capture-sent', 'file-finished', 'capture-sent'],
  ]);
});

test('what can not be sent is kept and counted, and the next run sends it', async (t) => {
  const folder = await tempFolder(t);
  const target = new SwitchedTarget();
  const { sink, events } = await opened(t, target, folder);
  await sink.write(packets(1, 5), NEVER);
  await sink.flush(NEVER);
  assert.deepEqual(counts(sink.account()), { in: 5, out: 0, 'upload-kept': 5 });
  assert.equal(sink.account().outcomes.get('upload-kept')?.cause.fate, 'spooled');
  assert.deepEqual(events(), ['file-finished', 'capture-kept']);
  assert.equal((await readdir(path.join(folder, 'failed'))).length, 2);
  await sink.close();

  target.isOpen = true;
  const next = await opened(t, target, folder);
  await waitFor(() => target.taken.size === 1, { limitMs: 5000, what: 'the kept file' });
  await next.sink.flush(NEVER);
  assert.equal(target.packets(), 5);
  assert.deepEqual(counts(next.sink.account()), { in: 0, out: 0 });
});

test('what is kept is bounded, and packets that newer ones took the room of count as failed', async (t) => {
  const folder = await tempFolder(t);
  const ring = { packets: 2 };
  const bounds = { files: 2, bytes: 2 ** 30 };
  const { sink } = await opened(t, new SwitchedTarget(), folder, ring, bounds);
  await sink.write(packets(1, 7), NEVER);
  await sink.flush(NEVER);
  const account = sink.account();
  assert.deepEqual(counts(account), { in: 7, out: 0, 'upload-kept': 3, 'upload-dropped': 4 });
  assert.equal(account.outcomes.get('upload-dropped')?.cause.fate, 'failed');
  assert.equal((await readdir(path.join(folder, 'failed'))).length, 4);
});

test('what a run that was killed has left is sent by the next one', async (t) => {
  const folder = await tempFolder(t);
  const target = new SwitchedTarget();
  target.isOpen = true;
  const { sink } = await opened(t, target, folder);
  await sink.write(packets(1, 4), NEVER);
  // Closed without a flush: the file stays as it is.
  await sink.close();
  assert.equal(target.packets(), 0);
  const next = await opened(t, target, folder);
  await next.sink.flush(NEVER);
  assert.equal(target.packets(), 4);
});

test('a stop does not wait for a target that takes nothing', async (t) => {
  const folder = await tempFolder(t);
  const giveUp = new AbortController();
  const target: UploadTarget = {
    name: 's3',
    send: (_, aborted) =>
      new Promise((_resolve, reject) => {
        const fail = () => {
          reject(new Error('given up'));
        };
        if (aborted.aborted) fail();
        else aborted.addEventListener('abort', fail);
      }),
  };
  const { sink } = await opened(t, target, folder);
  await sink.write(packets(1, 2), NEVER);
  const flushed = sink.flush(giveUp.signal);
  setImmediate(() => {
    giveUp.abort();
  });
  await flushed;
  assert.deepEqual(counts(sink.account()), { in: 2, out: 0, 'upload-kept': 2 });
});

test("an agent's tasks upload where they say, or else where its triggers do", async (t) => {
  const folder = await tempFolder(t);
  const [own, usual] = [path.join(folder, 'own'), path.join(folder, 'usual')];
  await Promise.all([own, usual].map((name) => mkdir(name)));
  const general = { writelocal: true, localdir: usual };
  const configuration = checkConfiguration(
    documentOf('it', {
      kcap: { data_dir: folder, node: { hostname: 'edge-1' }, triggers: { general } },
    }),
    { environment: {} },
  );
  const { log } = keptLog();
  const open = taskUploads(configuration, 'kcap test');
  const task = await read({ id: 'web', interface: 'lo' });
  for (const [dir, found] of [
    [own, own],
    ['', usual],
  ] as const) {
    const scope = new Scope();
    const sink = await open(await uploadOf({ local: { dir } }), task, scope, log);
    await sink.write(packets(1, 2), NEVER);
    await sink.flush(NEVER);
    await scope.close();
    const [name = '', ...more] = await readdir(found);
    assert.match(name, /^edge-1-web_00001_\d+\.pcap$/);
    assert.deepEqual(more, []);
    assert.equal(readPcap(await readFile(path.join(found, name))).packets.length, 2);
  }
  for (const [config, message] of [
    [{ local: { dir: path.join(folder, 'none') } }, /none: ENOENT/],
    [{ s3: {} }, /^reporter upload: s3: no bucket$/],
    [{ cloudshark: {} }, /^reporter upload: cloudshark: no token$/],
  ] as const)
    await assert.rejects(open(await uploadOf(config), task, new Scope(), log), { message });
});
