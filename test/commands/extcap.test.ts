import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { interfaceName, rememberTopic } from '#kcap/extcap/recent-topics.js';
import { packageVersion } from '#kcap/package-version.js';
import { kcap } from '../support/kcap.js';
import { repository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';

/** A folder for what kcap remembers, in which these topics were read, the last one first. */
async function stateWith(t: TestContext, ...topics: { brokers: string; topic: string }[]) {
  const state = await tempFolder(t);
  for (const { brokers, topic } of topics.toReversed())
    rememberTopic(
      { brokers, topic, propertiesFile: undefined },
      path.join(state, 'kcap/wireshark.json'),
    );
  return { XDG_STATE_HOME: state, KCAP_CONFIG: '' };
}

/** What Wireshark reads. Nothing else may be said, and the status must be 0: it would ignore the answer. */
async function answer(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string[]> {
  const run = kcap(t, ['extcap', ...args], { env });
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.equal(run.stderr, '');
  return run.stdout.toString().split('\n').slice(0, -1);
}

test('the interfaces are Kafka and each topic that was read lately', async (t) => {
  const recent = { brokers: 'b1:9092,b2:9092', topic: 'pcap' };
  const env = await stateWith(t, recent);
  assert.deepEqual(await answer(t, ['--extcap-interfaces', '--extcap-version=4.0'], env), [
    `extcap {version=${packageVersion()}}{help=file://${repository}docs/wireshark.md}{display=Kafka (kcap)}`,
    'interface {value=kcap}{display=Kafka}',
    `interface {value=${interfaceName(recent)}}{display=Kafka: pcap on b1:9092,b2:9092}`,
    'control {number=0}{type=button}{display=Status}{tooltip=Show how many packets were read in the status bar}',
    'control {number=1}{type=button}{role=logger}{display=Log}{tooltip=Show what kcap has logged}',
    'control {number=2}{type=button}{role=help}{display=Help}',
  ]);
  await readFile(`${repository}docs/wireshark.md`);
});

test('the link types are those of the packets', async (t) => {
  const env = await stateWith(t);
  assert.deepEqual(await answer(t, ['--extcap-dlts', '--extcap-interface', 'kcap'], env), [
    'dlt {number=147}{name=KAFKA}{display=as the packets in the topic}',
  ]);
});

test('the settings of Kafka ask for brokers and topic', async (t) => {
  const env = await stateWith(t, { brokers: 'b1:9092', topic: 'pcap' });
  const lines = await answer(t, ['--extcap-config', '--extcap-interface', 'kcap'], env);
  const calls = lines.flatMap((line) => /^arg .*\{call=(--[a-z-]+)\}/.exec(line)?.[1] ?? []);
  assert.deepEqual(calls, [
    ...['--brokers', '--topic', '--topic-name', '--start'],
    ...['--order', '--format', '--properties-file'],
  ]);
  const [brokers = '', topic = ''] = lines;
  assert.match(brokers, /\{required=true\}/);
  assert.doesNotMatch(brokers, /\{default=/);
  assert.match(topic, /\{type=selector\}\{reload=true\}\{placeholder=Load topics\}$/);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('value {arg=1}')),
    [
      'value {arg=1}{value=}{display=(none chosen)}{default=true}',
      'value {arg=1}{value=pcap}{display=pcap}{default=false}',
    ],
  );
});

test('the settings of a topic that was read lately begin with what they were', async (t) => {
  const recent = { brokers: 'b1:9092', topic: 'pcap' };
  const env = await stateWith(t, { brokers: 'b2:9092', topic: 'other' }, recent);
  const args = ['--extcap-config', '--extcap-interface', interfaceName(recent)];
  const lines = await answer(t, args, env);
  assert.match(lines[0] ?? '', /\{default=b1:9092\}$/);
  assert.doesNotMatch(lines[0] ?? '', /required/);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('value {arg=1}')),
    [
      'value {arg=1}{value=}{display=(none chosen)}{default=false}',
      'value {arg=1}{value=pcap}{display=pcap}{default=true}',
      'value {arg=1}{value=other}{display=other}{default=false}',
    ],
  );
});

test('the reload button lists the topics of the brokers that were typed in', async (t) => {
  const env = await stateWith(t);
  const topic = await freshTopic(t);
  for (const option of ['topic', '--topic']) {
    const lines = await answer(
      t,
      [
        ...['--extcap-config', '--extcap-interface', 'kcap', '--extcap-reload-option', option],
        ...['--brokers', testBrokers(), '--start', 'end', '--order', 'arrival'],
      ],
      env,
    );
    assert.equal(lines[0], 'value {arg=1}{value=}{display=(none chosen)}{default=true}');
    assert.ok(
      lines.includes(`value {arg=1}{value=${topic}}{display=${topic}}{default=false}`),
      lines.join('\n'),
    );
    assert.ok(!lines.some((line) => line.includes('__consumer_offsets')));
  }
});

test('the reload button shows why there are no topics', async (t) => {
  const env = await stateWith(t);
  const reload = [
    '--extcap-config',
    '--extcap-interface',
    'kcap',
    '--extcap-reload-option',
    'topic',
  ];
  const cases: [args: string[], shown: RegExp][] = [
    [['--brokers', 'localhost:1'], /\{display=\(connect to localhost:1: .*refused\)\}/],
    [['--brokers', 'http://x'], /\{display=\(brokers: .*no scheme/],
    [[], /\{display=\(broker: none given\)\}/],
    [['--brokers', 'x', '--properties-file', '/no/such'], /\{display=\(properties in \/no\/such: /],
  ];
  for (const [args, shown] of cases) {
    const lines = await answer(t, [...reload, ...args], env);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0] ?? '', shown);
  }
});

test('a filter is checked while it is typed, without looking up its hosts', async (t) => {
  const env = await stateWith(t);
  const check = (filter: string) =>
    answer(t, ['--extcap-capture-filter', filter, '--extcap-interface', 'kcap'], env);
  for (const filter of ['', 'tcp port 443', '--', 'host no-such-host.invalid', 'type mgt'])
    assert.equal((await check(filter)).length, filter === '--' ? 1 : 0, filter);
  const [problem, ...more] = await check('tcp prot 443\nor udp');
  assert.match(problem ?? '', /syntax error/);
  assert.deepEqual(more, []);
});

test('a capture that cannot begin says so in a line, with the remedy', async (t) => {
  const env = await stateWith(t);
  const fifo = path.join(await tempFolder(t), 'fifo');
  const capture = ['--capture', '--extcap-interface', 'kcap', '--fifo', fifo];
  const to = ['--brokers', 'localhost:1', '--topic', 'pcap'];
  const cases: [args: string[], status: number, error: RegExp][] = [
    [['--capture'], 2, /^kcap: --capture: no pipe for the packets\n.*--fifo\n$/],
    [capture, 2, /^kcap: topic: none given\nchoose one in the interface's settings/],
    [[...capture, '--topic', 'pcap'], 2, /^kcap: broker: none given\nname one in the interface's/],
    [[...capture, ...to], 1, /^kcap: connect to localhost:1: .*refused\n./],
    [[...capture, ...to, '--topic-name', 'a b'], 2, /^kcap: topic a b: a topic name can't/],
    [[...capture, ...to, '--start', 'soon'], 2, /^kcap: start soon: not a time\n./],
    [
      [...capture, ...to, '--start', 'stored'],
      2,
      /^kcap: start stored: offsets are stored for a gr/,
    ],
    [[...capture, ...to, '--order', 'x'], 2, /^kcap: order x: no such choice\n.*arrival, time\n$/],
    [[...capture, ...to, '--format', 'x'], 2, /^kcap: format x: no such choice\n/],
    [[...capture, ...to, '--extcap-capture-filter', 'x y'], 2, /^kcap: -f 'x y': .*syntax error/],
    [
      [...capture, ...to, '--extcap-control-in', '/dev/null'],
      1,
      /^kcap: --extcap-control-in \/dev\/null: it is not a named pipe\n/,
    ],
    [
      [...capture, ...to, '--extcap-control-out', '/no/such'],
      1,
      /^kcap: --extcap-control-out \/no\/such: ENOENT/,
    ],
    [[...capture, ...to, '--nonsense', 'x'], 2, /^kcap: --nonsense: unknown option\n/],
    [[], 2, /^kcap: extcap: only Wireshark calls it\n'kcap extcap --install'/],
  ];
  for (const [args, status, error] of cases) {
    const run = kcap(t, ['extcap', ...args], { env });
    assert.equal((await run.exit).status, status, `${args.join(' ')}: ${run.stderr}`);
    assert.match(run.stderr, error);
    assert.equal(run.stdout.length, 0);
  }
});

test('kcap extcap --install puts it where Wireshark says, and --uninstall takes it away', async (t) => {
  const folder = await tempFolder(t);
  const personal = path.join(folder, 'personal extcap');
  await writeFile(
    path.join(folder, 'tshark'),
    `#!/bin/sh\n[ "$*" = '-G folders' ] && printf 'Personal Extcap path:\\t${personal}\\n'\n`,
    { mode: 0o755 },
  );
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
  const launcher = path.join(personal, 'kcap');
  const [said, ...more] = await answer(t, ['--install'], env);
  assert.equal(said?.split(':')[0], launcher);
  assert.deepEqual(more, []);
  const run = kcap(t, ['--extcap-dlts'], { command: [launcher], env });
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.match(run.stdout.toString(), /^dlt /);
  assert.deepEqual(await answer(t, ['--uninstall'], env), [`${launcher}: removed`]);
  assert.deepEqual(await answer(t, ['--uninstall'], env), [
    'kcap is in no folder of Wireshark: nothing to remove',
  ]);
});

test('a Wireshark that looks only in the system’s folder takes root', async (t) => {
  const folder = await tempFolder(t);
  await mkdir(path.join(folder, 'extcap'), { mode: 0o755 });
  await writeFile(
    path.join(folder, 'tshark'),
    `#!/bin/sh\nprintf 'Extcap path:\\t${folder}/extcap\\n'\n`,
    { mode: 0o755 },
  );
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
  if (process.getuid?.() === 0)
    assert.match((await answer(t, ['--install'], env))[0] ?? '', /\/extcap\/kcap: /);
  else {
    const run = kcap(t, ['extcap', '--install'], { env });
    assert.equal((await run.exit).status, 1);
    assert.match(
      run.stderr,
      /looks only in .*\/extcap\nrun it as root: sudo kcap extcap --install/,
    );
  }
});
