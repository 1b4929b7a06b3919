import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { MESSAGE_FIELDS } from '#kcap/agent/triggers/capture-message.js';

import { blocksOf } from '../support/docs/pages.js';
import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { pcapFile } from '../support/pcap-file.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { spawnTied } from '../support/tied-process.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const NAME = 'docs/on-demand.md';
const page = { name: NAME, text: await readFile(`${repository}${NAME}`, 'utf8') };
const blocks = (tag: string) =>
  blocksOf(page)
    .filter((block) => block.tag === tag)
    .map(({ lines }) => lines.join('\n'));

/** As the page's alert is about: HTTPS. */
function https(number: number): Buffer {
  const frame = numberedFrame(number, 80);
  frame.writeUInt16BE(0x0800, 12);
  Buffer.from('4500004200000000400600000a0000010a000002', 'hex').copy(frame, 14);
  Buffer.from('c35001bb000000000000000050100000', 'hex').copy(frame, 34);
  return frame;
}

test(
  'the walk of docs/on-demand.md ends with captures in a bucket',
  { skip: noVeth },
  async (t) => {
    const namespace = await netNamespace(t);
    const { name, under } = namespace;
    const run = (command: string, ...words: readonly string[]) => namespace.run(command, ...words);
    const folder = await tempFolder(t);
    await namespace.set('net.ipv6.conf.default.disable_ipv6', '1');
    await runCommand(
      ...([
        'ip',
        '-n',
        name,
        'link',
        'add',
        'eth0',
        'type',
        'veth',
        'peer',
        'name',
        'far',
      ] as const),
    );
    for (const end of ['eth0', 'far']) await run('ip', 'link', 'set', end, 'arp', 'off', 'up');
    const traffic = path.join(folder, 'traffic.pcap');
    const packets = Array.from({ length: 50 }, (_, number) => ({
      ...{ seconds: 0, fraction: 0, frame: https(number) },
    }));
    await writeFile(traffic, pcapFile({ packets }));
    const begin = (...command: readonly string[]) => {
      const child = spawnTied([...under, ...command], { stdio: 'ignore', cwd: folder });
      t.after(() => child.kill('SIGKILL'));
    };
    const bucket = (method: string) =>
      run(
        ...([process.execPath, '-e'] as const),
        `fetch('http://localhost:9000/pcaps', { method: '${method}' })` +
          '.then((answer) => answer.text()).then((text) => process.stdout.write(text))',
      );
    begin('redis-server', '--port', '6379', '--save', '');
    begin(`${repository}.cache/moto/bin/moto_server`, '-H', '127.0.0.1', '-p', '9000');
    begin('tcpreplay', '--quiet', '--loop=0', '--pps=200', '--intf1=far', traffic);
    await waitFor(
      () =>
        bucket('PUT').then(
          () => true,
          () => false,
        ),
      { limitMs: 60_000, what: 'an S3 server' },
    );

    await writeFile(path.join(folder, 'kcap.toml'), blocks('toml')[0] ?? '');
    const socket = path.join(folder, 'agent.sock');
    const env = {
      KCAP__DATA_DIR: folder,
      KCAP__CONTROL__SOCKET: socket,
      KCAP__METRICS__ENABLED: 'false',
    };
    const [start = '', publish = '', ...further] = blocks('console').join('\n').split('\n');
    assert.match(start, /^kcap agent .* &$/);
    const words = start
      .replace(/^kcap /, '')
      .replace(/ &$/, '')
      .split(' ');
    const agent = kcap(t, words, { under, env, cwd: folder });
    await agent.waitForLog(({ event }) => event === 'trigger-listening', 30_000);
    const type = (line: string) =>
      run(
        ...(['env', `KCAP_SOCKET=${socket}`, 'bash', '-c'] as const),
        `cd ${folder}; kcap() { ${repository}bin/kcap "$@"; }; ${line}`,
      );
    assert.match(await type(publish), /^1$/m);
    const ended = await agent.waitForLog(({ event }) => event === 'capture-ended', 30_000);
    assert.equal(ended['result'], 'sent', agent.stderr);
    assert.equal(ended['packets'], 100);
    let said = '';
    for (const line of further) said += await type(line);
    assert.match(said, /: 100 packet\(s\), .*, ended by packets\n {2}s3:\/\/pcaps\/alerts\//);
    const listed = await bucket('GET');
    assert.equal(listed.match(/<Key>alerts\/[^<]*-eth0-\d+(-2)?\.pcap<\/Key>/g)?.length, 2);
    agent.signal('SIGTERM');
    assert.equal((await agent.exit).status, 0);
  },
);

test('docs/on-demand.md has every field of a message', () => {
  const table = page.text.split('## The message')[1]?.split('\n## ')[0] ?? '';
  const named = [...table.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z]+)`/g)].map(([, field]) => field),
  );
  assert.deepEqual(named.sort(), MESSAGE_FIELDS.toSorted());
});
