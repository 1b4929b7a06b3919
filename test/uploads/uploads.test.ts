import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import pino from 'pino';

import type { CapturedFile, TargetName, UploadTarget } from '#kcap/uploads/captured-file.js';
import { KeptFiles } from '#kcap/uploads/kept-files.js';
import { localTarget } from '#kcap/uploads/targets.js';
import { Uploads } from '#kcap/uploads/uploads.js';

import { smallDisk } from '../support/small-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const NEVER = new AbortController().signal;
const FILE: CapturedFile = {
  name: 'fw-eth0-1700000000.pcap',
  chunks: [Buffer.from('one '), Buffer.from('two')],
  tags: 'alertid:7,node:fw',
  s3: { bucket: 'pcaps', folder: 'a/b', encryption: true },
};

/** A target that fails a number of times. */
function target(name: TargetName, failures: number) {
  const taken: CapturedFile[] = [];
  let tries = 0;
  const upload: UploadTarget = {
    name,
    send: (file) => {
      if (tries++ < failures) return Promise.reject(new Error(`${name} is away`));
      taken.push(file);
      return Promise.resolve(`at ${name}`);
    },
  };
  return { upload, taken, tries: () => tries };
}

const ROOMY = { files: 1000, bytes: 2 ** 30 };

async function uploadsTo(
  t: TestContext,
  targets: readonly UploadTarget[],
  folder?: string,
  bounds = ROOMY,
) {
  const failed = folder ?? path.join(await tempFolder(t), 'failed');
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const kept = await KeptFiles.open(failed, () => bounds);
  return {
    uploads: new Uploads(targets, { kept, log, waitsMs: [1, 1, 1] }),
    failed,
    records: () =>
      lines.map((line) => JSON.parse(line) as { event?: string; msg: string; level: number }),
  };
}

test('tries a target again three times', async (t) => {
  const s3 = target('s3', 3);
  const { uploads, failed } = await uploadsTo(t, [s3.upload]);
  assert.deepEqual(await uploads.send(FILE, NEVER), [
    { target: 's3', where: 'at s3', result: 'sent' },
  ]);
  assert.equal(s3.tries(), 4);
  assert.deepEqual(await readdir(failed), []);
});

test('keeps what a target does not take, and sends it there alone at the next start', async (t) => {
  const [s3, cloudshark] = [target('s3', 0), target('cloudshark', 99)];
  const first = await uploadsTo(t, [s3.upload, cloudshark.upload]);
  const kept = path.join(first.failed, FILE.name);
  assert.deepEqual(await first.uploads.send(FILE, NEVER), [
    { target: 's3', where: 'at s3', result: 'sent' },
    { target: 'cloudshark', error: 'cloudshark is away', result: 'kept', where: kept },
  ]);
  assert.equal((await stat(kept)).mode & 0o777, 0o600);
  assert.equal((await stat(first.failed)).mode & 0o777, 0o700);
  assert.deepEqual(
    first.records().map(({ event, msg }) => [event, msg]),
    [
      [
        'capture-kept',
        `${FILE.name}: kept as ${kept}, the next start sends it: cloudshark is away`,
      ],
    ],
  );

  const again = [target('s3', 0), target('cloudshark', 0)] as const;
  const second = await uploadsTo(t, [again[0].upload, again[1].upload], first.failed);
  await second.uploads.sendKept(NEVER);
  assert.equal(again[0].tries(), 0);
  const [sent] = again[1].taken;
  assert.deepEqual({ ...sent, chunks: [] }, { ...FILE, chunks: [] });
  assert.deepEqual(Buffer.concat(sent?.chunks ?? []), Buffer.from('one two'));
  assert.deepEqual(await readdir(first.failed), []);
  assert.deepEqual(
    second.records().map(({ event }) => event),
    ['capture-sent'],
  );
});

test('goes on keeping what still can not be sent, and names what is not configured any more', async (t) => {
  const first = await uploadsTo(t, [target('s3', 99).upload, target('cloudshark', 99).upload]);
  await first.uploads.send(FILE, NEVER);
  const s3 = target('s3', 99);
  const second = await uploadsTo(t, [s3.upload], first.failed);
  await second.uploads.sendKept(NEVER);
  const kept = path.join(first.failed, FILE.name);
  assert.deepEqual(
    second.records().map(({ msg }) => msg),
    [`${kept}: still kept: cloudshark is not configured any more; s3 is away`],
  );
  assert.deepEqual((await readdir(first.failed)).sort(), [FILE.name, `${FILE.name}.json`]);
});

test('leaves alone, and names, what is damaged or what nothing describes', async (t) => {
  const { uploads, failed, records } = await uploadsTo(t, [target('s3', 0).upload]);
  await writeFile(path.join(failed, 'a.pcap'), 'packets');
  await writeFile(path.join(failed, 'b.pcap'), 'packets');
  await writeFile(path.join(failed, 'b.pcap.json'), '{"version":1,"name":"../../x"}');
  await uploads.sendKept(NEVER);
  assert.deepEqual(
    records().map(({ msg }) => msg.replace(failed, '')),
    [
      '/a.pcap: a capture that nothing describes is left as it is',
      '/b.pcap: still kept: its description is damaged',
    ],
  );
  assert.equal((await readdir(failed)).length, 3);
});

test('numbers files of the same name, for their user alone, and leaves nothing else', async (t) => {
  const folder = await tempFolder(t);
  const { send } = localTarget(folder);
  const names = await Promise.all([1, 2, 3].map(() => send(FILE, NEVER)));
  assert.deepEqual(names.map((name) => path.basename(name)).sort(), [
    'fw-eth0-1700000000-2.pcap',
    'fw-eth0-1700000000-3.pcap',
    'fw-eth0-1700000000.pcap',
  ]);
  assert.equal((await readdir(folder)).length, 3);
  for (const name of names) {
    assert.equal(await readFile(name, 'utf8'), 'one two');
    assert.equal((await stat(name)).mode & 0o777, 0o600);
  }
});

test('writes nothing through a link that somebody has left there', async (t) => {
  const folder = await tempFolder(t);
  const other = path.join(await tempFolder(t), 'other');
  await symlink(other, path.join(folder, FILE.name));
  assert.equal(
    await localTarget(folder).send(FILE, NEVER),
    path.join(folder, 'fw-eth0-1700000000-2.pcap'),
  );
  await assert.rejects(stat(other), { code: 'ENOENT' });
});

test('keeps a capture for which the disk has no room, and leaves no part of it there', async (t) => {
  const disk = await smallDisk(t);
  const large = { ...FILE, chunks: [Buffer.alloc(64 * 1024 * 1024)] };
  const { uploads, failed } = await uploadsTo(t, [localTarget(disk)]);
  const [result] = await uploads.send(large, NEVER);
  assert.deepEqual(result, {
    ...{ target: 'local', result: 'kept', where: path.join(failed, FILE.name) },
    error: `${disk}: ENOSPC: no space left on device; make room there, or name a folder on another disk`,
  });
  assert.deepEqual(
    (await readdir(disk)).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('keeps so many and so much, the newest, and says once how many are gone', async (t) => {
  const file = (number: number, bytes = 100) => ({
    ...{ ...FILE, name: `fw-eth0-${number}.pcap` },
    chunks: [Buffer.alloc(bytes)],
  });
  const bounds = { files: 3, bytes: 1000 };
  const first = await uploadsTo(t, [target('s3', 999).upload], undefined, bounds);
  const keep = async (uploads: Uploads, number: number, bytes?: number) => {
    const [result] = await uploads.send(file(number, bytes), NEVER);
    return result?.result;
  };
  const kept = async () =>
    (await readdir(first.failed)).filter((name) => name.endsWith('.pcap')).sort();
  // Names say nothing of the age.
  for (const number of [9, 5, 7, 6]) assert.equal(await keep(first.uploads, number), 'kept');
  assert.deepEqual(
    await kept(),
    [5, 6, 7].map((number) => `fw-eth0-${number}.pcap`),
  );
  assert.equal(await keep(first.uploads, 8), 'kept');
  assert.equal(first.uploads.dropped, 2);
  const said = () => first.records().filter(({ event }) => event === 'captures-dropped');
  assert.deepEqual(
    said().map(({ msg }) => msg.replace(first.failed, 'FOLDER')),
    [
      'FOLDER is full (3 captures, or 1000 bytes): 1 removed so far, the oldest first; ' +
        'mend what keeps captures from being sent, or raise resources.max_failed_files and .max_failed_size',
    ],
  );
  // Those that an earlier agent has kept count as well, each as old as it is; nothing else of them stays.
  const second = await uploadsTo(t, [target('s3', 999).upload], first.failed, bounds);
  assert.equal(await keep(second.uploads, 1, 950), 'kept');
  assert.deepEqual(await readdir(first.failed), ['fw-eth0-1.pcap', 'fw-eth0-1.pcap.json']);
  // What is larger than the bound goes nowhere, and costs nothing that is there.
  assert.equal(await keep(second.uploads, 2, 1001), 'lost');
  assert.match(
    String(second.records().at(-1)?.msg),
    /: 1001 bytes are above resources\.max_failed_size \(1000\)$/,
  );
  assert.equal((await kept()).length, 1);
});

test('says what is lost where it can not be kept either', async (t) => {
  const { uploads, failed, records } = await uploadsTo(t, [target('s3', 99).upload]);
  await rm(failed, { recursive: true });
  const [result] = await uploads.send(FILE, NEVER);
  assert.deepEqual(result, { target: 's3', error: 's3 is away', result: 'lost' });
  const [record] = records();
  assert.equal(record?.event, 'capture-lost');
  assert.match(
    record.msg,
    /: lost: s3 is away; and .*failed: ENOENT: no such file or directory; make it, or name another data_dir$/,
  );
});
