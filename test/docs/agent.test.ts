import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { blocksOf } from '../support/docs/pages.js';
import { TRAFFIC } from '../support/docs/world.js';
import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { pcapFile } from '../support/pcap-file.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { spawnTied } from '../support/tied-process.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

async function blocks(name: string, tag: string): Promise<string[]> {
  const page = { name, text: await readFile(`${repository}${name}`, 'utf8') };
  return blocksOf(page)
    .filter((block) => block.tag === tag)
    .map(({ lines }) => lines.join('\n'));
}

/** Before the command, in a mount namespace of its own. */
const WITH_HOSTS = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"'];

test(
  'the walk of docs/agent.md leads from nothing to a command from afar',
  { skip: noVeth },
  async (t) => {
    const [configuration = '', task = ''] = await blocks('docs/agent.md', 'yaml');
    const [begin = '', local = '', remote = ''] = await blocks('docs/agent.md', 'console');
    const [toAll = ''] = await blocks('docs/agent-remote.md', 'console');
    const namespace = await netNamespace(t);
    const folder = await tempFolder(t);
    await namespace.set('net.ipv6.conf.default.disable_ipv6', '1');
    const link = ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far'];
    await runCommand('ip', '-n', namespace.name, ...link);
    for (const end of ['eth0', 'far'])
      await namespace.run('ip', 'link', 'set', end, 'arp', 'off', 'up');
    const file = (name: string, content: string | Buffer) =>
      writeFile(path.join(folder, name), content);
    await file('hosts', '127.0.0.1 localhost kafka1 kafka2\n');
    const sip = TRAFFIC.find((frame) => frame.includes('OPTIONS'));
    assert.ok(sip);
    await file('traffic.pcap', pcapFile({ packets: [{ seconds: 0, fraction: 0, frame: sip }] }));
    const traffic = ['--quiet', '--loop=0', '--pps=100', '--intf1=far'];
    const replay = spawnTied(
      [...namespace.under, 'tcpreplay', ...traffic, path.join(folder, 'traffic.pcap')],
      { stdio: 'ignore' },
    );
    t.after(() => replay.kill('SIGKILL'));
    const under = [...namespace.under, ...WITH_HOSTS, path.join(folder, 'hosts')];
    const topics = ['kcap-commands:1', 'kcap-responses:1'].flatMap((name) => ['--topic', name]);
    const broker = kcap(t, ['broker', '--port', '9092', ...topics], { under, stdout: 'open' });
    await waitFor(() => broker.stdoutStream.read() as Buffer | null, {
      ...{ limitMs: 30_000, what: 'the brokers' },
    });

    // What the page keeps in /etc/kcap and the agent by itself below /run and /var.
    const here = (text: string) => text.replaceAll('/etc/kcap/', `${folder}/`);
    await file('agent.yaml', configuration);
    await file('sip-capture.yaml', task);
    const env = {
      KCAP__CONTROL__SOCKET: path.join(folder, 'agent.sock'),
      KCAP__DATA_DIR: folder,
      KCAP__NODE__HOSTNAME: 'edge-1',
      KCAP__METRICS__ENABLED: 'false',
    };
    const settings = [`KCAP_SOCKET=${env.KCAP__CONTROL__SOCKET}`, `KCAP_NODE=${process.execPath}`];
    const [enter, ...shell] = [...under, 'env', ...settings, 'bash', '-ec'];
    const type = (line: string) =>
      runCommand(
        enter,
        ...shell,
        `cd ${folder}; kcap() { ${repository}bin/kcap "$@"; }; ${here(line)}`,
      );
    const [validate = '', start = ''] = begin.split('\n');
    assert.match(await type(validate), /agent\.yaml: the configuration of an agent\n$/);
    const words = here(start).split(' ').slice(1);
    const agent = kcap(t, words, { under, env, cwd: folder, stdout: 'open' });
    const shown: Buffer[] = [];
    agent.stdoutStream.on('data', (bytes: Buffer) => shown.push(bytes));
    await agent.waitForLog(({ event }) => event === 'agent-started', 30_000);

    const [create = '', list = '', status = '', remove = ''] = local.split('\n');
    await type(create);
    await waitFor(() => Buffer.concat(shown).includes('OPTIONS'), {
      ...{ limitMs: 30_000, what: 'a SIP message as a line' },
    });
    assert.match(await type(list), /sip-capture/);
    assert.match(await type(status), /running/);
    await type(remove);
    assert.doesNotMatch(await type(list), /sip-capture/);

    // What is typed, and what is looked at once the answer is there.
    for (const [block, answer] of [
      [remote, /"result":\{"task_id":"sip-capture","status":"created"\}/],
      [toAll, /^edge-1: .*"result":\{"tasks":\["sip-capture"\],"count":1\}/m],
    ] as const) {
      const lines = block.split('\n');
      const at = lines.findIndex((line) => / -C | -C$/.test(line));
      await type(lines.slice(0, at).join('\n'));
      const look = lines.slice(at).join('\n');
      await waitFor(async () => answer.test(await type(look)), {
        ...{ limitMs: 30_000, what: String(answer) },
      });
    }
    agent.signal('SIGTERM');
    assert.equal((await agent.exit).status, 0);
  },
);
