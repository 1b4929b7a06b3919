import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { kcap, type KcapOptions } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { tempFolder } from '../support/temp-folder.js';

async function written(t: TestContext, lines: string, mode = 0o600): Promise<string> {
  const file = path.join(await tempFolder(t), 'kafka.conf');
  await writeFile(file, lines);
  await chmod(file, mode);
  return file;
}

/** The properties that kcap goes by, as its log has them. Nobody listens at the addresses of these tests. */
async function propertiesOf(run: KcapRun): Promise<unknown> {
  const { properties } = await run.waitForLog(({ msg }) =>
    String(msg).startsWith('connecting to '),
  );
  return properties;
}

function connecting(t: TestContext, args: readonly string[], env?: KcapOptions['env']): KcapRun {
  const nobody = ['-c', '-t', 'pcap', '-ll', 'DEBUG'];
  return kcap(t, [...nobody, ...args], env && { env });
}

describe('properties come from a file that KCAP_CONFIG names, from -k, and from -X', () => {
  test('in this order, and of -X in that of the command line: the last one counts', async (t) => {
    const config = await written(t, 'bootstrap.servers=a:1\nclient.id=a\nlinger.ms=1\nretries=1');
    const first = await written(t, 'client.id=b\nlinger.ms=2');
    const second = await written(t, 'acks=1\nclient.id=c');
    const args = ['-X', `@${first}`, '-X', 'client.id=d', '-X', 'acks=all', '-X', `@${second}`];
    const run = connecting(t, ['-k', '127.0.0.1:1', ...args], { KCAP_CONFIG: config });
    assert.deepEqual(await propertiesOf(run), {
      'bootstrap.servers': '127.0.0.1:1',
      'client.id': 'c',
      'linger.ms': '2',
      retries: '1',
      acks: '1',
    });
  });

  test('brokers, too, can stand in any of them', async (t) => {
    const config = await written(t, 'metadata.broker.list=127.0.0.1:1');
    const run = connecting(t, [], { KCAP_CONFIG: config });
    assert.deepEqual(await propertiesOf(run), { 'metadata.broker.list': '127.0.0.1:1' });
    const file = await written(t, 'bootstrap.servers=127.0.0.1:2');
    const other = connecting(t, ['-k', 'k:1', '-X', `@${file}`], { KCAP_CONFIG: config });
    await other.waitForLog(/connecting to 127\.0\.0\.1:2/);
  });

  test('an empty KCAP_CONFIG is none', async (t) => {
    const run = connecting(t, ['-k', '127.0.0.1:1'], { KCAP_CONFIG: '' });
    assert.deepEqual(await propertiesOf(run), { 'bootstrap.servers': '127.0.0.1:1' });
  });

  test('a file that can’t be read is misuse, whoever names it', async (t) => {
    for (const [args, env] of [
      [['-X', '@/no/such.conf'], undefined],
      [[], { KCAP_CONFIG: '/no/such.conf' }],
    ] as const) {
      const run = connecting(t, ['-k', 'k:1', ...args], env);
      assert.equal((await run.exit).status, 2);
      assert.match(run.stderr, /^kcap: properties in \/no\/such\.conf: ENOENT/);
    }
  });

  test('a secret that others can read is warned of, and not shown', async (t) => {
    const file = await written(t, 'sasl.password=hunter2', 0o644);
    const run = connecting(t, ['-k', '127.0.0.1:1', '-X', `@${file}`]);
    await propertiesOf(run);
    const warned = run.records.find(({ level }) => level === 'warn');
    assert.equal(
      warned?.['msg'],
      `${file} holds a secret, and others can read it: chmod 600 ${file}`,
    );
    assert.ok(!run.stderr.includes('hunter2'));
  });

  test('a secret whose -X was forgotten is not shown', async (t) => {
    const run = connecting(t, ['-k', 'k:1', 'sasl.password=hunter2']);
    assert.equal((await run.exit).status, 2);
    assert.match(run.stderr, /^kcap: sasl\.password=\*\*\*: unknown command/);
  });
});
