import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { withCompilerCache } from './support/compiler-cache.js';
import { withExtraAuthorities } from './support/extra-authorities.js';
import { freePort } from './support/free-port.js';
import { kcap } from './support/kcap.js';
import { repository } from './support/repository.js';
import { runCommand } from './support/run-command.js';
import { sipRequest, udpFrame } from './support/sip-packets.js';
import { tempFolder } from './support/temp-folder.js';
import { spawnTied } from './support/tied-process.js';
import { sendFrames } from './support/traffic.js';
import { noVeth, vethPair } from './support/veth.js';
import { waitFor } from './support/wait-for.js';

/** Compilers that npm has started end with it, however the test ends: for root, in a process namespace of their own. */
const ALONE = process.getuid?.() === 0 ? ['unshare', '--pid', '--fork', '--kill-child'] : [];

/** A folder with nothing in it but the tarball of what has been built here, which takes npm some seconds to make. */
let bare: string;

before(async () => {
  bare = await mkdtemp(path.join(tmpdir(), 'kcap-bare-'));
  const pack = ['pack', repository, '--ignore-scripts', '--pack-destination', bare];
  await runCommand('npm', '--prefix', repository, ...pack);
});

after(() => rm(bare, { recursive: true, force: true }));

/** The command that README's section Install begins with. */
async function installCommand(): Promise<string> {
  const readme = await readFile(`${repository}README.md`, 'utf8');
  const command = /^## Install\n\n```sh\n([^#\n]+)/m.exec(readme)?.[1]?.trim();
  assert.ok(command);
  return command;
}

/** A user's environment: without what npm, which may have started the tests, tells its scripts. */
function userEnvironment(prefix: string): NodeJS.ProcessEnv {
  const foreign = /^(npm_|JOBS$|MAKEFLAGS$|NODE_ENV$|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const folders = (process.env['PATH'] ?? '')
    .split(':')
    .filter((at) => !at.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: folders.join(':'), npm_config_prefix: prefix };
}

test('the tarball has what is needed to build and run it, and nothing else', async () => {
  const tarball = (await runCommand('ls', bare)).trim();
  assert.match(tarball, /^kcap-\d+\.\d+\.\d+\.tgz$/);
  const content = (await runCommand('tar', '-tf', path.join(bare, tarball))).split('\n');
  const needed = ['bin/kcap.js', 'dist/kcap.js', 'dist/kcap-worker.js', 'install/check'];
  for (const file of [...needed, 'native/addon.cc', 'LICENSE'])
    assert.ok(content.includes(`package/${file}`), file);
  assert.ok(
    !content.some((file) => /^package\/(test|src|scripts|build|node_modules)\//.test(file)),
  );
});

// The one test that builds librdkafka, as every installation does: without ccache it takes minutes.
test("README's command installs the tarball in a bare folder, and what it installs works", async (t) => {
  const prefix = await tempFolder(t);
  const install = spawnTied([...ALONE, 'sh', '-c', await installCommand()], {
    cwd: bare,
    env: withExtraAuthorities(withCompilerCache(userEnvironment(prefix), prefix)),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = install.stderr ? text(install.stderr) : '';
  const [status] = (await once(install, 'exit')) as [number | null];
  assert.equal(status, 0, await said);
  const librdkafka = path.join(
    prefix,
    'lib/node_modules/kcap/node_modules/node-rdkafka/deps/librdkafka',
  );
  const examples = await readdir(path.join(librdkafka, 'examples'));
  assert.ok(
    examples.includes('producer.c') && !examples.includes('producer'),
    'no example is built',
  );

  const command = [path.join(prefix, 'bin/kcap')];
  const version = kcap(t, ['--version'], { command });
  assert.equal((await version.exit).status, 0, version.stderr);
  assert.match(
    version.stdout.toString(),
    /^kcap \d+\.\d+\.\d+\nlibrdkafka .*\bsasl_gssapi\b.*zstd/,
  );
  const page = await runCommand('man', '-M', path.join(prefix, 'share/man'), '-w', 'kcap');
  assert.match(page, /\/kcap\.1$/m);
  const devices = kcap(t, ['devices'], { command });
  assert.equal((await devices.exit).status, 0, devices.stderr);
  assert.match(devices.stdout.toString(), /^lo /m);

  const port = await freePort();
  const broker = kcap(t, ['broker', '--port', String(port), '--topic', 'pcap'], { command });
  await waitFor(() => broker.stdout.length > 0, { limitMs: 10_000, what: 'the address' });
  const capture = `${repository}test/corpus/pcap-little-endian-micro.pcap`;
  const topic = ['-k', `127.0.0.1:${port}`, '-t', 'pcap'];
  const sent = kcap(t, ['-p', ...topic, '-r', capture], { command });
  assert.equal((await sent.exit).status, 0, sent.stderr);
  const read = kcap(t, ['-c', ...topic, '-o', 'begin', '-e'], { command });
  assert.equal((await read.exit).status, 0, read.stderr);
  assert.deepEqual(read.stdout, await readFile(capture));

  await t.test('a task in two threads included', { skip: noVeth }, async (t) => {
    const veth = await vethPair(t);
    const folder = await tempFolder(t);
    const [agentFile, taskFile] = [`${folder}/agent.json`, `${folder}/task.json`];
    const socket = `${folder}/agent.sock`;
    const configuration = { control: { socket }, data_dir: folder, metrics: { enabled: false } };
    await writeFile(agentFile, JSON.stringify({ kcap: configuration }));
    const reporters = [{ name: 'console', config: { format: 'json' } }];
    const task = { id: 'edge', workers: 2, interface: veth.inside, parsers: ['sip'], reporters };
    await writeFile(taskFile, JSON.stringify(task));
    const agent = kcap(t, ['agent', '--config', agentFile], { command });
    await agent.waitForLog(({ event }) => event === 'agent-started');
    const create = ['task', 'create', '-f', taskFile, '--socket', socket];
    const created = kcap(t, create, { command });
    assert.equal((await created.exit).status, 0, created.stderr);
    await sendFrames(veth, [udpFrame(sipRequest('OPTIONS', 'a@example.com'))]);
    const reported = () => agent.stdout.includes('a@example.com');
    await waitFor(reported, { limitMs: 10_000, what: 'the message' });
    // The message is one thread's; the other one may still begin.
    const workers = async () => {
      const ask = ['task', 'status', 'edge', '--json', '--socket', socket];
      const status = kcap(t, ask, { command });
      assert.equal((await status.exit).status, 0, status.stderr);
      const { workers = [] } = JSON.parse(status.stdout.toString()) as { workers?: unknown[] };
      return workers.length;
    };
    while ((await workers()) < 2) await sleep(100);
    agent.signal('SIGTERM');
    assert.equal((await agent.exit).status, 0, agent.stderr);
  });
});

test('says in one line that its scripts have not been run', async (t) => {
  const folder = await tempFolder(t);
  for (const part of ['bin', 'dist', 'package.json'])
    await cp(repository + part, path.join(folder, part), { recursive: true });
  const run = kcap(t, ['devices'], { command: [process.execPath, `${folder}/bin/kcap.js`] });
  assert.equal((await run.exit).status, 1);
  assert.equal(
    run.stderr,
    "kcap: native addon: not built, because npm did not run kcap's install script\n" +
      "Install kcap again and allow its scripts: see Install in kcap's README\n",
  );
});
