import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile } from '../support/pcap-file.js';
import { repository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;
const NOBODY = 65_534;
/** A user that only the runs of these tests know. */
const SNIFFER = { name: 'sniffer', uid: 54_321, gid: 54_322, others: [54_323, 54_324] };
const FRAMES = [60, 61, 62].map((bytes) => {
  const frame = Buffer.alloc(bytes);
  frame.write('02000000000202000000000188b5', 'hex');
  return frame;
});

describe('-Z', { skip }, () => {
  test('refuses a place for tickets that root would fill, and the user could not', async (t) => {
    const kerberos = ['-X', 'sasl.kerberos.keytab=/etc/keytab', '-Z', 'nobody'];
    const run = kcap(t, ['-p', '-k', 'b:1', '-t', 'x', '-i', 'lo', ...kerberos], {
      env: { KRB5CCNAME: 'FILE:/run/ticket' },
    });
    assert.equal((await run.exit).status, 2);
    assert.match(run.stderr, /^kcap: -Z nobody and KRB5CCNAME=FILE:\/run\/ticket: root would/);
  });

  test('makes every thread the user’s, in the user’s groups alone, before packets are taken', async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const args = [...producing(topic), '-i', veth.inside, '-Z', SNIFFER.name, '-pp', '1'];
    const run = kcap(t, args, { under: await withSniffer(t) });
    await run.started();
    await sendFrames(veth, FRAMES);
    await delivered(topic, FRAMES.length);

    const threads = await threadsOf(run);
    assert.ok(threads.length > 5, `${threads.length} threads`);
    const groups = [SNIFFER.gid, ...SNIFFER.others];
    for (const thread of threads)
      assert.deepEqual(thread, {
        Uid: new Array(4).fill(SNIFFER.uid),
        Gid: new Array(4).fill(SNIFFER.gid),
        Groups: groups,
        CapPrm: 0,
        CapEff: 0,
        CapAmb: 0,
      });

    // The kernel keeps what was root's from others of the user's: its memory, its environment.
    assert.equal((await stat(`/proc/${run.pid}/environ`)).uid, 0);

    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0, run.stderr);
    const { packets_in, packets_out, dropped_kernel } = run.summary();
    assert.deepEqual([packets_in, packets_out, dropped_kernel], [3, 3, 0]);
    // Standard output is a pipe of root's, which the user could not open again.
    assert.match(run.stdout.toString(), /Packet delivered\[3\]/);
    const events = run.records.map(({ event }) => event);
    assert.ok(events.indexOf('privileges') < events.indexOf('started'), events.join());
  });

  test('leaves the capture able to leave out its own connections, which come later', async (t) => {
    const topic = await freshTopic(t);
    const port = testBrokers().split(':')[1] ?? '';
    const args = [...producing(topic), '-i', 'lo', '-Z', 'nobody', '-f', `tcp port ${port}`];
    const run = kcap(t, args);
    await run.started();
    // Of others' packets each makes kcap send.
    await waitFor(async () => (await countMessages(topic)) > 10, {
      limitMs: 10_000,
      what: 'packets that others exchange with the broker',
    });
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.ok(run.summary().packets_in < 2000, `${run.summary().packets_in} packets`);
  });

  test('has the spool be the user’s', async (t) => {
    const topic = await freshTopic(t);
    const veth = await vethPair(t);
    const home = await folderOf(t, SNIFFER.uid);
    const spool = path.join(home, 'spool');
    const args = [...producing(topic), '-i', veth.inside, '-Z', SNIFFER.name, '--spool', spool];
    const run = kcap(t, args, { under: await withSniffer(t) });
    await run.started();
    run.signal('SIGTERM');
    assert.equal((await run.exit).status, 0, run.stderr);
    for (const file of [spool, path.join(spool, `${topic}@lock`)]) {
      const { uid, gid, mode } = await stat(file);
      assert.deepEqual([uid, gid, mode & 0o077], [SNIFFER.uid, SNIFFER.gid, 0]);
    }
  });

  test('says where the user can’t spool', async (t) => {
    const topic = await freshTopic(t);
    const spool = path.join(await folderOf(t, 0), 'spool');
    const run = kcap(t, [...producing(topic), '-i', 'lo', '-Z', 'nobody', '--spool', spool]);
    assert.equal((await run.exit).status, 1);
    const error = run.records.find(({ event }) => event === 'error');
    assert.equal(error?.['msg'], `kcap: spool ${spool}: EACCES: permission denied`);
    assert.match(String(error['remedy']), /that this user may write to/);
  });

  test('reads files that the user can’t open: they are open before', async (t) => {
    const topic = await freshTopic(t);
    const file = path.join(await folderOf(t, 0), 'in.pcap');
    const packets = FRAMES.map((frame, index) => ({ seconds: 1, fraction: index, frame }));
    await writeFile(file, pcapFile({ packets }), { mode: 0o600 });
    const run = kcap(t, [...producing(topic), '-r', file, '-Z', 'nobody']);
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.equal(run.summary().packets_out, 3);
  });

  const refusals: [what: string, under: string[], cause: string, remedy: RegExp][] = [
    [
      'who is not root',
      ['--reuid=nobody', '--clear-groups', '--inh-caps=-all'],
      'only root can become another user',
      /as root/,
    ],
    [
      'root without the capability',
      ['--bounding-set=-setuid'],
      'it may not become another user',
      /CAP_SETUID and CAP_SETGID/,
    ],
    [
      'root that would stay mighty',
      ['--securebits=+no_setuid_fixup'],
      'the process could become root again',
      /no_setuid_fixup/,
    ],
  ];
  for (const [what, how, cause, remedy] of refusals)
    test(`is refused to ${what}`, async (t) => {
      const topic = await freshTopic(t);
      const args = [...producing(topic), '-r', '/dev/null', '-Z', 'daemon'];
      const run = kcap(t, args, { under: ['setpriv', ...how] });
      assert.equal((await run.exit).status, 1);
      const error = run.records.find(({ event }) => event === 'error');
      assert.equal(error?.['msg'], `kcap: -Z daemon: ${cause}`, run.stderr);
      assert.match(String(error['remedy']), remedy);
    });
});

test('the capabilities of docs/kcap.service are enough', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const veth = await vethPair(t);
  const run = kcap(t, [...producing(topic), '-i', veth.inside], { under: await asInTheUnit() });
  await run.started();
  const [{ Uid, CapEff } = {}] = await threadsOf(run);
  assert.deepEqual(Uid, new Array(4).fill(NOBODY));
  assert.equal(CapEff, (1 << CAP_NET_ADMIN) | (1 << CAP_NET_RAW));
  await sendFrames(veth, FRAMES);
  await delivered(topic, FRAMES.length);
  run.signal('SIGTERM');
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.deepEqual([run.summary().packets_out, run.summary().dropped_kernel], [3, 0]);
});

/** Of linux/capability.h. */
const CAP_NET_ADMIN = 12;
const CAP_NET_RAW = 13;

function producing(topic: string): string[] {
  return ['--producer', '-k', testBrokers(), '-t', topic];
}

async function delivered(topic: string, packets: number): Promise<void> {
  await waitFor(async () => (await countMessages(topic)) === packets, {
    limitMs: 10_000,
    what: `${packets} packets in ${topic}`,
  });
}

/** A folder that nobody but this user may enter, in one that all may. */
async function folderOf(t: TestContext, uid: number): Promise<string> {
  const outer = await tempFolder(t);
  await chmod(outer, 0o755);
  const folder = path.join(outer, 'own');
  await mkdir(folder, { mode: 0o700 });
  await chown(folder, uid, uid);
  return folder;
}

/** For `under`: where the system has the user SNIFFER, started by somebody in other groups. */
async function withSniffer(t: TestContext): Promise<string[]> {
  const folder = await tempFolder(t);
  const { name, uid, gid, others } = SNIFFER;
  const files = {
    passwd: `root:x:0:0::/root:/bin/sh\n${name}:x:${uid}:${gid}::/:/bin/false\n`,
    group: others.map((group) => `group${group}:x:${group}:${name}\n`).join(''),
  };
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
  const mount = 'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group';
  return [
    ...['unshare', '--mount', 'sh', '-c', `${mount} && shift && exec "$@"`, 'sh', folder],
    ...['setpriv', '--groups=0,7,8'],
  ];
}

/** For `under`: nobody, with the capabilities that the documented unit gives, and no way to others. */
async function asInTheUnit(): Promise<string[]> {
  const unit = await readFile(`${repository}docs/kcap.service`, 'utf8');
  const set = (directive: string): string => {
    const value = new RegExp(`^${directive}=(.*)$`, 'm').exec(unit)?.[1];
    assert.ok(value, directive);
    const names = value.split(' ').map((name) => name.replace(/^CAP_/, '+').toLowerCase());
    return ['-all', ...names].join();
  };
  return [
    ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'],
    `--bounding-set=${set('CapabilityBoundingSet')}`,
    `--inh-caps=${set('AmbientCapabilities')}`,
    `--ambient-caps=${set('AmbientCapabilities')}`,
  ];
}

/** Ids, groups and capability sets of each thread, as the kernel has them. */
async function threadsOf({ pid }: KcapRun): Promise<Record<string, number | number[]>[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const statuses = await Promise.all(
    // One that ends meanwhile has none any more.
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/status`, 'utf8').catch(() => '')),
  );
  return statuses
    .filter((status) => status !== '')
    .map((status) => {
      const field = (name: string) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1] ?? '';
      const ids = (name: string) => field(name).trim().split(/\s+/).map(Number);
      const capabilities = (name: string) => Number.parseInt(field(name), 16);
      return {
        ...{ Uid: ids('Uid'), Gid: ids('Gid'), Groups: ids('Groups') },
        CapPrm: capabilities('CapPrm'),
        CapEff: capabilities('CapEff'),
        CapAmb: capabilities('CapAmb'),
      };
    });
}
