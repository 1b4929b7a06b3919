import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  chown,
  lchown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { ReturnedBatch } from '#kcap/kafka/batch-producer.js';
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
    assert.deepEqual(await spool.leave([], { isComplete: false }), { lost: 0 });
    assert.equal((await pcapFiles(folder)).length, 1);
  });

  test('removes at its end the files of which all was delivered', async (t) => {
    const { spool, folder } = await openSpool(t);
    await put(spool, 0, 3);
    await takeAll(spool, 3);
    assert.deepEqual(await spool.leave([], { isComplete: true }), { lost: 0 });
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

  test('keeps one file open for each link while it writes, and none that is only waited for', async (t) => {
    const { spool, folder } = await openSpool(t);
    for (let first = 0; first < 600; first++)
      await put(spool, first, 1, { interface: `eth${first % 3}` });
    assert.equal((await pcapFiles(folder)).length, 3);
    assert.equal((await openIn(folder)).length, 3);
    const batch = await next(spool);
    await put(spool, 600, 1);
    assert.equal((await pcapFiles(folder)).length, 4);
    spool.take(batch, batch.bytes.length, { first: 1, last: batch.count });
    await takeAll(spool, 601);
    await spool.removeSettled(0);
    assert.deepEqual(await openIn(folder), []);
    await spool.removeSettled(601);
    assert.deepEqual(await pcapFiles(folder), []);
  });

  test('opens no more than some hundred files, however many links there are', async (t) => {
    const { spool, folder } = await openSpool(t);
    let most = 0;
    for (let first = 0; first < 300; first++) {
      await put(spool, first, 1, { interface: `eth${first}` });
      if (first % 50 === 49) most = Math.max(most, (await openIn(folder)).length);
    }
    assert.ok(most <= 256, String(most));
    const found = (await takeAll(spool)).flatMap(({ packets }) => packets);
    assert.deepEqual(found, numbered(300));
  });

  test('mixes the links again as they were, from one file for each', async (t) => {
    const { spool, folder } = await openSpool(t);
    const interfaces = ['eth0', 'eth1', undefined];
    for (let first = 0; first < 60; first += 2)
      await put(spool, first, 2, { interface: interfaces[first % 3] });
    assert.equal((await pcapFiles(folder)).length, 3);
    const found = (await takeAll(spool)).flatMap(({ packets, link }) =>
      packets.map((packet) => ({ packet, name: link.interface })),
    );
    assert.deepEqual(
      found.map(({ packet }) => packet),
      numbered(60),
    );
    assert.ok(found.every(({ name }, index) => name === interfaces[(index - (index % 2)) % 3]));
  });

  test('opens nothing of what earlier runs have left until its turn comes', async (t) => {
    const { spool, folder, log } = await openSpool(t);
    await put(spool, 0, 1);
    await spool.close();
    const [file = ''] = await pcapFiles(folder);
    const content = await readFile(file);
    for (let number = 1; number <= 300; number++)
      await writeFile(path.join(folder, `pcap@${String(number).padStart(12, '0')}.pcap`), content, {
        mode: 0o600,
      });
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    assert.equal(later.byteLength, 301 * content.length);
    assert.deepEqual(await openIn(folder), []);
    await takeOne(later, 1);
    await later.removeSettled(0);
    await next(later);
    assert.equal((await openIn(folder)).length, 1);
    await later.close();
  });

  test('keeps names of interfaces that are too long for a file name, and reads any', async (t) => {
    const { spool, folder, log } = await openSpool(t);
    const long = 'ä'.repeat(125);
    await put(spool, 0, 1, { interface: long });
    await put(spool, 1, 1, { interface: '~' });
    await spool.close();
    const file = (await pcapFiles(folder)).find((name) => name.includes('%7E')) ?? '';
    await rename(file, file.replace('%7E', '100%'));
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    assert.deepEqual(
      (await takeAll(later, 2)).map(({ link }) => link.interface),
      [long, '100%'],
    );
    await later.removeSettled(2);
    assert.deepEqual(await readdir(folder), ['pcap@lock']);
    await later.close();
  });

  test('has room in its file names for the longest topic', async (t) => {
    const folder = await tempFolder(t);
    const { log } = keptLog();
    const topic = 't'.repeat(249);
    const spool = await Spool.open(await SpoolFolder.open(folder, topic), OPTIONS, log);
    await put(spool, 0, 1, { interface: 'eth0' });
    await spool.close();
    const later = await Spool.open(await SpoolFolder.open(folder, topic), OPTIONS, log);
    assert.deepEqual(await takeAll(later), [
      { link: { ...LINK, interface: 'eth0' }, packets: numbered(1) },
    ]);
    await later.close();
  });

  test('goes on where files were removed under it, and counts what was in them', async (t) => {
    const { spool, folder, messages } = await openSpool(t, { limitBytes: 16 * 500 });
    await put(spool, 0, 5);
    await put(spool, 5, 5);
    const [first = '', second] = (await pcapFiles(folder)).sort();
    assert.ok(second);
    await rm(first);
    const found = (await takeAll(spool, 5)).flatMap(({ packets }) => packets);
    assert.deepEqual(found, numbered(5, { first: 5 }));
    assert.deepEqual([spool.lost, spool.waiting], [5, 0]);
    assert.match(messages().join(), /spool: .* has gone: somebody has removed it/);
    await spool.removeSettled(5);
    assert.equal(spool.byteLength, 0);
  });

  test('goes on where a file was cut under it', async (t) => {
    const { spool, folder } = await openSpool(t);
    await put(spool, 0, 5);
    const [file = ''] = await pcapFiles(folder);
    await truncate(file, 24 + 16 + 60);
    const found = (await takeAll(spool, 1)).flatMap(({ packets }) => packets);
    assert.deepEqual(found, numbered(1));
    assert.deepEqual([spool.lost, spool.waiting], [4, 0]);
  });

  test('is made anew where its folder was removed, and still belongs to one process', async (t) => {
    const { spool, folder } = await openSpool(t);
    await rm(folder, { recursive: true });
    await put(spool, 0, 3);
    assert.deepEqual(await takeAll(spool, 3), [{ link: LINK, packets: numbered(3) }]);
    await assert.rejects(SpoolFolder.open(folder, 'pcap'), /another kcap spools topic pcap there/);
  });

  test('puts what comes back before all that waits, each link in its order', async (t) => {
    const { spool } = await openSpool(t);
    await put(spool, 10, 2);
    await takeOne(spool, 2);
    await put(spool, 20, 2);
    const back = [returned(0, 1), returned(1, 1, { linkType: 113 }), returned(2, 1)];
    assert.equal(await spool.putBack(back), true);
    assert.equal(spool.waiting, 5);
    assert.equal(await spool.putBack([]), true);
    const found = await takeAll(spool);
    assert.deepEqual(
      found.map(({ packets, link }) => [link.linkType, packets.length]),
      [
        [1, 1],
        [113, 1],
        [1, 1],
        [1, 2],
      ],
    );
    assert.deepEqual(
      found.flatMap(({ packets }) => packets),
      [...numbered(3), ...numbered(2, { first: 20 })],
    );
  });

  test('puts packets back also while others are just being put in', async (t) => {
    const { spool } = await openSpool(t);
    const [, isBack] = await Promise.all([put(spool, 1, 1), spool.putBack([returned(0, 1)])]);
    assert.equal(isBack, true);
    assert.deepEqual(
      (await takeAll(spool)).flatMap(({ packets }) => packets),
      numbered(2),
    );
  });

  test('keeps apart what was refused, up to a part of its size, and never sends it', async (t) => {
    const { spool, folder, log, messages } = await openSpool(t, { limitBytes: 16 * 300 });
    await spool.keepRefused(batchOf(numbered(2)));
    await spool.keepRefused(batchOf(numbered(1, { first: 2 })));
    await spool.keepRefused(batchOf(numbered(1, { first: 3 })));
    assert.equal(spool.hasFiles, false);
    await spool.close();
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.refused'));
    assert.match(messages().join(), /Kafka refuses are kept in .*\.pcap\.refused/);
    assert.match(messages().join(), /no more refused packets are kept/);
    assert.deepEqual(readPcap(await readFile(path.join(folder, name))).packets, numbered(3));
    const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
    assert.equal(later.hasFiles, false);
    await put(later, 0, 1);
    assert.ok(!(await pcapFiles(folder)).includes(path.join(folder, name.slice(0, -8))));
    await later.close();
  });

  test(
    'counts on a full disk at its end only what is nowhere: the next run sends the rest',
    { skip: process.getuid?.() === 0 ? false : 'needs root, to mount a small disk' },
    async (t) => {
      const folder = await tempFolder(t);
      await runCommand('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
      const { log } = keptLog();
      const spool = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
      let count = 0;
      while (await spool.append(batchOf(numbered(100, { first: count })))) count += 100;
      const taken = await next(spool);
      spool.take(taken, taken.bytes.length, { first: 1001, last: 1000 + taken.count });
      // The messages before them were made of packets that never were on disk.
      const withdrawn = [returned(900, 101), returned(1001, taken.count)];
      assert.deepEqual(await spool.leave(withdrawn, { isComplete: true }), { lost: 101 });
      assert.equal(spool.waiting, count);
      await spool.close();
      const later = await Spool.open(await SpoolFolder.open(folder, 'pcap'), OPTIONS, log);
      const found = (await takeAll(later)).flatMap(({ packets }) => packets);
      await later.close();
      await runCommand('umount', folder);
      assert.deepEqual(found, numbered(count));
    },
  );

  test(
    'says on a read-only file system that it is one, and what to do',
    { skip: process.getuid?.() === 0 ? false : 'needs root, to mount a disk' },
    async (t) => {
      const folder = await tempFolder(t);
      await runCommand('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder);
      try {
        for (const place of [folder, path.join(folder, 'new'), path.join(folder, 'a', 'b')])
          await assert.rejects(SpoolFolder.open(place, 'pcap'), {
            message: `spool ${place}: EROFS: read-only file system`,
            remedy: 'name a folder with --spool on a file system that can be written to',
          });
      } finally {
        await runCommand('umount', folder);
      }
    },
  );

  test('lets packets be taken in parts', async (t) => {
    const { spool } = await openSpool(t);
    await put(spool, 0, 3);
    const batch = await next(spool);
    spool.take(batch, 16 + 60, { first: 1, last: 1 });
    assert.equal(spool.waiting, 2);
    assert.deepEqual(await takeAll(spool), [{ link: LINK, packets: numbered(2, { first: 1 }) }]);
  });

  test('leaves for the next run what was not taken and, before it, what was taken back', async (t) => {
    const { spool, folder, log } = await openSpool(t);
    await put(spool, 10, 3);
    await put(spool, 13, 3, { linkType: 113 });
    await takeOne(spool, 3);
    spool.take(await next(spool), 16 + 61, { first: 4, last: 4 });
    const withdrawn = [returned(8, 2), returned(10, 4)];
    assert.deepEqual(await spool.leave(withdrawn, { isComplete: true }), { lost: 0 });
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
    await symlink(target, path.join(folder, 'pcap@500000000000.pcap'));
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
  spool.take(batch, batch.bytes.length, { first: 1, last: lastMessage });
  return taken;
}

async function takeAll(spool: Spool, lastMessage = 0) {
  const all = [];
  while (await spool.next()) all.push(await takeOne(spool, lastMessage));
  return all;
}

/** Packets whose messages, numbered as they are, were taken back. */
function returned(first: number, count: number, link: Partial<Link> = {}): ReturnedBatch {
  const numbers = Float64Array.from({ length: count }, (_, index) => first + index);
  return { ...batchOf(numbered(count, { first }), link), numbers };
}

/** Files of the folder that this process has open. */
async function openIn(folder: string): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(folder) && link.includes('.pcap'));
}

async function pcapFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.pcap')).map((name) => path.join(folder, name));
}
