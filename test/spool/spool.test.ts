import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  chown,
  lchown,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { Link, PacketBatch } from '#kcap/packet/packet-batch.js';
import { Spool, type SpoolOptions } from '#kcap/spool/spool.js';
import { SpoolFolder } from '#kcap/spool/spool-folder.js';

import { keptLog } from '../kafka/log.js';
import { batchOf, LINK, numbered, packetsIn } from '../packet/packets.js';
import { runCommand } from '../support/run-command.js';
import { readPcap } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';

/** Nobody with whom the tests have anything to do. */
const STRANGER = 65_534;
const OPTIONS = { limitBytes: 64 * 1024 * 1024, keepsInterface: true };

describe('a spool', () => {
  test('gives packets back in the order in which they came, whatever their links', async (t) => {
    const { spool } = await openSpool(t);
    await put(spool, 0, 3);
    await put(spool, 3, 2, { linkType: 113 });
    await put(spool, 5, 2, { interface: 'eth0/1@2' });
    assert.deepEqual(await takeAll(spool), [
      { link: LINK, packets: numbered(3) },
      { link: { ...LINK, linkType: 113 }, packets: numbered(2, { first: 3 }) },
      { link: { ...LINK, interface: 'eth0/1@2' }, packets: numbered(2, { first: 5 }) },
    ]);
    assert.equal(spool.hasPackets, false);
  });

  test('is made of pcap files that nobody else may read, in a folder that nobody else may enter', async (t) => {
    const { spool, folder } = await openSpool(t);
    await put(spool, 0, 3, { precision: 'nano' });
    const [file = ''] = await pcapFiles(folder);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    const { header, packets } = readPcap(await readFile(file));
    assert.equal(header.precision, 'nano');
    assert.deepEqual(packets, numbered(3));
  });

  test('keeps a file until its messages have settled', async (t) => {
    const { spool, folder } = await openSpool(t);
    await put(spool, 0, 3);
    await takeAll(spool, 3);
    await spool.removeSettled(2);
    assert.equal((await pcapFiles(folder)).length, 1);
    await spool.removeSettled(3);
    assert.equal((await pcapFiles(folder)).length, 0);
    assert.equal(spool.byteLength, 0);
  });

  test('takes no more than its limit', async (t) => {
    const { spool } = await openSpool(t, { limitBytes: 10_000 });
    let batches = 0;
    while (await spool.append(batchOf(numbered(10)))) batches++;
    assert.ok(spool.byteLength <= 10_000);
    assert.ok(batches >= 10, String(batches));
    assert.equal(spool.waiting, batches * 10);
  });

  test('takes what is longer than its limit where it is empty: nothing could ever make room', async (t) => {
    const { spool } = await openSpool(t, { limitBytes: 100 });
    await put(spool, 0, 10);
    assert.equal(await spool.append(batchOf(numbered(1))), false);
    await takeAll(spool, 10);
    await spool.removeSettled(10);
    await put(spool, 10, 10);
  });

  test(
    'on a full disk takes no more, and what it has stays whole',
    { skip: process.getuid?.() === 0 ? false : 'needs root, to mount a small disk' },
    async (t) => {
      const folder = await tempFolder(t);
      await runCommand('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
      const { log } = keptLog();
      const spool = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
      let count = 0;
      while (await spool.append(batchOf(numbered(100, { first: count })))) count += 100;
      assert.ok(count > 100 && count < 1000, String(count));
      const found = (await takeAll(spool, count)).flatMap(({ packets }) => packets);
      await spool.close();
      await runCommand('umount', folder);
      assert.deepEqual(found, numbered(count));
    },
  );

  test('mixes interfaces in a file where nobody asks for their names', async (t) => {
    const { spool, folder } = await openSpool(t, { keepsInterface: false });
    for (let first = 0; first < 20; first++)
      await put(spool, first, 1, { interface: `eth${first % 2}` });
    assert.equal((await pcapFiles(folder)).length, 1);
    const found = (await takeAll(spool)).flatMap(({ packets }) => packets);
    assert.deepEqual(found, numbered(20));
  });

  test('keeps the files whose messages may still be under way at its end', async (t) => {
    const { spool, folder } = await openSpool(t);
    await put(spool, 0, 3);
    await takeAll(spool, 3);
    assert.equal(await spool.leave({ withdrawn: [], isComplete: false }), true);
    assert.equal((await pcapFiles(folder)).length, 1);
    assert.equal(await spool.leave({ withdrawn: [], isComplete: true }), true);
    assert.equal((await pcapFiles(folder)).length, 0);
  });

  test('never gives a number twice: its file may just be going', async (t) => {
    const { spool, folder } = await openSpool(t);
    await put(spool, 0, 1);
    const [first] = await pcapFiles(folder);
    await takeAll(spool, 1);
    await Promise.all([spool.removeSettled(1), put(spool, 1, 1)]);
    assert.notEqual((await pcapFiles(folder))[0], first);
  });

  test('lets packets be taken in parts', async (t) => {
    const { spool } = await openSpool(t);
    await put(spool, 0, 3);
    const batch = await next(spool);
    spool.take(batch, 16 + 60, 1);
    assert.equal(spool.waiting, 2);
    assert.deepEqual(await takeAll(spool), [{ link: LINK, packets: numbered(2, { first: 1 }) }]);
  });

  test('leaves for the next run what was not taken and, before it, what was taken back', async (t) => {
    const { spool, folder, log } = await openSpool(t);
    await put(spool, 10, 3);
    await put(spool, 13, 3, { linkType: 113 });
    await takeOne(spool, 3);
    spool.take(await next(spool), 16 + 61, 4);
    const withdrawn = [batchOf(numbered(2, { first: 8 })), batchOf(numbered(4, { first: 10 }))];
    assert.equal(await spool.leave({ withdrawn, isComplete: true }), true);
    assert.equal(spool.waiting, 2 + 4 + 2);
    await spool.close();

    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    const found = (await takeAll(later)).flatMap(({ packets }) => packets);
    assert.deepEqual(found, [
      ...numbered(2, { first: 8 }),
      ...numbered(4, { first: 10 }),
      ...numbered(2, { first: 14 }),
    ]);
    assert.equal(later.takenUp.packets, 8);
    assert.equal(later.waiting, 0);
    await later.close();
  });

  test('of a run that was killed gives all whole packets', async (t) => {
    const { spool, folder, log, messages } = await openSpool(t);
    await put(spool, 0, 3);
    await spool.close();
    const [file = ''] = await pcapFiles(folder);
    await truncate(file, (await stat(file)).size - 1);
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    assert.deepEqual(await takeAll(later, 2), [{ link: LINK, packets: numbered(2) }]);
    assert.match(messages().join(), /the last packet of .* is cut off/);
    await later.removeSettled(2);
    assert.deepEqual(await readdir(folder), ['pcap@lock']);
    await later.close();
  });

  test('sets aside a file that can not be read to its end, after what can', async (t) => {
    const { spool, folder, log, messages } = await openSpool(t);
    await put(spool, 0, 3);
    await spool.close();
    const [file = ''] = await pcapFiles(folder);
    await appendFile(file, Buffer.alloc(100, 0xff));
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    await put(later, 3, 2);
    const found = (await takeAll(later, 5)).flatMap(({ packets }) => packets);
    assert.deepEqual(found, numbered(5));
    assert.match(messages().join(), /can't be read/);
    await later.removeSettled(5);
    assert.deepEqual(await readdir(folder), [`${path.basename(file)}.damaged`, 'pcap@lock']);
    await later.close();
  });

  test('follows no link that somebody has planted, neither for reading nor for writing', async (t) => {
    const { spool, folder, log } = await openSpool(t);
    await spool.close();
    const target = path.join(await tempFolder(t), 'target');
    await writeFile(target, 'untouched');
    await symlink(target, path.join(folder, 'pcap@000001000000.pcap'));
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    assert.equal(later.hasFiles, false);
    await put(later, 0, 3);
    assert.deepEqual(await takeAll(later), [{ link: LINK, packets: numbered(3) }]);
    await later.close();
    assert.equal(await readFile(target, 'utf8'), 'untouched');
  });

  test(
    'is not where a stranger has put a folder, or a link, for everybody to find',
    { skip: process.getuid?.() === 0 ? false : 'needs root, to give files away' },
    async (t) => {
      const forAll = await tempFolder(t);
      await chmod(forAll, 0o1777);
      const own = await tempFolder(t);
      const link = path.join(forAll, 'link');
      await symlink(own, link);
      await lchown(link, STRANGER, STRANGER);
      const folder = path.join(forAll, 'folder');
      await mkdir(folder);
      await chown(folder, STRANGER, STRANGER);
      await symlink(folder, path.join(own, 'link'));
      for (const place of [link, `${link}/`, folder, path.join(own, 'link')])
        await assert.rejects(SpoolFolder.open(place, 'pcap'), {
          message: /^spool .*: .* is another user's \(uid 65534\), in a folder that everybody may/,
        });
      assert.deepEqual([await readdir(own), await readdir(folder)], [['link'], []]);
    },
  );

  test('leaves files of other topics and other programs alone', async (t) => {
    const { spool, folder, log } = await openSpool(t);
    await spool.close();
    const others = ['other@000001000000.pcap', 'pcap@1.pcap', 'pcap.pcap', 'pcap@000001000000.txt'];
    for (const name of others) await writeFile(path.join(folder, name), 'not ours');
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    assert.equal(later.hasFiles, false);
    await later.close();
  });
});

async function openSpool(t: TestContext, options: Partial<SpoolOptions> = {}) {
  const folder = path.join(await tempFolder(t), 'spool');
  const { log, records } = keptLog();
  const messages = () => records.map(({ msg }) => String(msg));
  const spool = await Spool.open(
    await SpoolFolder.open(folder, 'pcap'),
    { ...OPTIONS, ...options },
    log,
  );
  t.after(() => spool.close());
  return { spool, folder, log, messages };
}

async function put(spool: Spool, first: number, count: number, link: Partial<Link> = {}) {
  assert.equal(await spool.append(batchOf(numbered(count, { first }), { ...link })), true);
}

async function next(spool: Spool): Promise<PacketBatch> {
  const batch = await spool.next();
  assert.ok(batch);
  return batch;
}

async function takeOne(spool: Spool, lastMessage: number) {
  const batch = await next(spool);
  const taken = { link: batch.link, packets: packetsIn(batch.bytes) };
  spool.take(batch, batch.bytes.length, lastMessage);
  return taken;
}

async function takeAll(spool: Spool, lastMessage = 0) {
  const all = [];
  while (await spool.next()) all.push(await takeOne(spool, lastMessage));
  return all;
}

async function pcapFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.pcap')).map((name) => path.join(folder, name));
}
