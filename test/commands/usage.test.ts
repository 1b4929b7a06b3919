import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { BRIDGE, COMMANDS } from '#kcap/commands/commands.js';
import { kcap } from '../support/kcap.js';
import { fetchMetadata } from '../support/peer.js';
import { repository } from '../support/repository.js';
import { testBrokers } from '../support/test-brokers.js';
import { TOLD_WITHIN_MS } from '../support/time-limits.js';
import { freshTopic } from '../support/topic.js';
import { type Misuse, testMisuses } from './misuse.js';

const P = ['--producer', '-k', 'localhost:1', '-t', 'pcap', '-i', 'lo'];
const F = ['--producer', '-k', 'localhost:1', '-t', 'pcap', '-r', 'file'];
const C = ['--consumer', '-k', 'localhost:1', '-t', 'pcap'];

const MISUSES: readonly Misuse[] = [
  [[], 'kcap: mode: neither --producer nor --consumer', /--help/],
  [[...P, '-c'], 'kcap: mode: both --producer and --consumer', /--help/],
  [
    [...P, '--kafka-brokr', 'x'],
    'kcap: --kafka-brokr: unknown option',
    /did you mean --kafka-broker\?/,
  ],
  [[...P, '-Q'], 'kcap: -Q: unknown option', /--help/],
  [[...P, '--constructor'], 'kcap: --constructor: unknown option', /--help/],
  [[...P, '--no-toString'], 'kcap: --no-toString: unknown option', /--help/],
  [[...P, '--no-interface=lo'], 'kcap: --no-interface: unknown option', /--help/],
  [[...P, '--progress=maybe'], 'kcap: --progress=maybe: it takes no value', /--help/],
  [['devcies'], 'kcap: devcies: unknown command', /did you mean devices\?/],
  [['topics'], 'kcap: topics: unknown command', /did you mean topic\?/],
  [['consume'], 'kcap: consume: unknown command', /did you mean --consumer\?/],
  [['produce', '-i', 'lo'], 'kcap: produce: unknown command', /did you mean --producer\?/],
  [[...P, '-K', 'x'], 'kcap: -K: unknown option', /did you mean -k \(--kafka-broker\)\?/],
  [[...C, '-I'], 'kcap: -I: unknown option', /^see 'kcap --help'$/],
  [[...P, '-I'], 'kcap: -I: unknown option', /did you mean -i \(--interface\)\?/],
  [[...C, '-x'], 'kcap: -x: unknown option', /did you mean --hex\?/],
  [[...C, '-A'], 'kcap: -A: unknown option', /did you mean --hex-ascii\?/],
  [[...C, '-exti'], 'kcap: -exti: unknown option', /did you mean --exit\?/],
  [[...P, '-m', 'x'], 'kcap: -m x: not a whole number', /for example -m 10/],
  [[...P, '-m', '-5'], 'kcap: -m -5: not a whole number', /for example -m 10/],
  [[...P, '-m', '1.5'], 'kcap: -m 1.5: not a whole number', /for example -m 10/],
  [[...P, '-m'], 'kcap: -m: its value is missing', /--help/],
  [[...P, '-a', ''], 'kcap: --autostop: its value is empty', /--help/],
  [[...P, '--interface='], 'kcap: --interface: its value is empty', /--help/],
  [[...P, '-pp', 'all'], 'kcap: -pp all: not a whole number', /for example -pp 10/],
  [[...P, '-ll', 'LOUD'], 'kcap: -ll LOUD: no such log level', /DEBUG, INFO, WARN, ERROR/],
  [[...P, '--log-format', 'xml'], 'kcap: --log-format xml: no such choice', /text, json/],
  [[...P, '-B', '4096'], 'kcap: -B 4096: not a whole number up to 2047', /./],
  [[...P, '-y', 'NOSUCH'], 'kcap: -y NOSUCH: no such link type', /EN10MB/],
  [
    [...P, '-X', 'compression.typ=lz4'],
    'kcap: -X compression.typ: librdkafka has no such property',
    /did you mean compression.type\?/,
  ],
  [[...P, '-X', 'nonsense'], 'kcap: -X nonsense: not of the form KEY=VALUE', /./],
  [[...P, '-X', 'linger.ms=soon'], 'kcap: -X linger.ms: Invalid value', /^$/],
  [
    [...C, '-X', 'security.protocol=SASL_SSL', '-X', 'sasl.mechanism=OAUTHBEARER'],
    'kcap: -X sasl.mechanism=OAUTHBEARER: nothing says where tokens come from',
    /sasl\.oauthbearer\.method=oidc/,
  ],
  [[...P, '--spool-size', '1G'], 'kcap: --spool-size: there is no spool', /--spool/],
  [[...P, '--pack-size', '64K'], 'kcap: --pack-size: messages hold one packet each', /--pack/],
  [[...P, '--pack-time', '5'], 'kcap: --pack-time: messages hold one packet each', /--pack/],
  [[...P, '--pack', '--pack-size', '1'], 'kcap: --pack-size 1: less than 1024 bytes', /64K/],
  [
    [...P, '--pack', '--pack-size', '2G'],
    'kcap: --pack-size 2G: more than 1000000000 bytes',
    /64K/,
  ],
  [[...P, '--pack', '--pack-time', 'x'], 'kcap: --pack-time x: not a whole number', /10/],
  [[...C, '--values', 'x'], 'kcap: --values x: no such choice', /frame, pcap/],
  [[...P, '-r', 'file'], 'kcap: -i and -r: one run has one kind of source', /./],
  [
    [...F, '--time-stamp-type', 'host'],
    'kcap: --time-stamp-type and -r: the times of a file stay as they are',
    /leave it out/,
  ],
  [
    [...F, '--time-stamp-precision', 'nano'],
    'kcap: --time-stamp-precision and -r: the times of a file stay as they are',
    /leave it out/,
  ],
  [
    [...P, '--time-stamp-precision', 'pico'],
    'kcap: --time-stamp-precision pico: no such choice',
    /micro, nano/,
  ],
  [[...P, '--partition-by', 'key'], 'kcap: --partition-by key: no such choice', /time, flow/],
  [['-p', '-k', 'b', '-t', 'pcap'], 'kcap: --producer: nothing to capture from', /kcap devices/],
  [['-p', '-t', 'pcap', '-i', 'lo'], 'kcap: broker: none given', /-k localhost:9092/],
  [['-c', '-k=', '-t', 'pcap'], 'kcap: broker: none given', /-k localhost:9092/],
  [[...C, '-X='], 'kcap: --kafka-config: its value is empty', /--help/],
  [['-p', '-k', 'b', '-i', 'lo'], 'kcap: topic: none given', /-t pcap/],
  [[...P, '-Z', 'no-such-user'], 'kcap: -Z no-such-user: no such user', /getent passwd/],
  [[...P, '-Z', 'root'], 'kcap: -Z root: it is root itself', /without privileges/],
  [[...C, '-Z', 'nobody'], 'kcap: --relinquish-privileges: it has no meaning with --consumer', /./],
  [[...P, '-g', 'group'], 'kcap: --group: it has no meaning with --producer', /./],
  [[...C, '-i', 'lo'], 'kcap: --interface: it has no meaning with --consumer', /./],
  [[...C, '-o', 'stored'], 'kcap: -o stored: offsets are stored for a group', /-g/],
  [[...C, '-o', 'middle'], 'kcap: -o middle: no such place to begin', /begin, end, stored/],
  [[...C, '-o', '-15m'], 'kcap: -o -15m: no such place to begin', /last N/],
  [[...C, '--from', 'noon'], 'kcap: --from noon: not a time', /--from -15m/],
  [[...C, '--from', '-1m', '--to', '-2m'], 'kcap: --to: it is not after --from', /later/],
  [[...C, '--from', '-1m', '-o', 'begin'], 'kcap: -o and --from: both say where to begin', /./],
  [[...C, '--order', 'size'], 'kcap: --order size: no such choice', /time, arrival/],
  [[...C, '--key-unit', 's'], 'kcap: --key-unit s: no such choice', /us, ms, ns/],
  [[...C, '-F', 'erf'], 'kcap: -F erf: no such choice', /pcap, nsecpcap, pcapng/],
  [[...C, '-F', 'pcapng', '-pp', '1'], 'kcap: -F and -pp: either packets or lines', /./],
  [[...C, '--print', '-pp', '1'], 'kcap: -pp and --print: one of two kinds of lines', /./],
  [[...P, '--print', '-pp', '1'], 'kcap: -pp and --print: one of two kinds of lines', /./],
  [[...C, '--print', '-F', 'pcap'], 'kcap: -F and --print: either packets or lines', /-w/],
  [[...C, '--hex'], 'kcap: --hex: no packet is printed', /--print/],
  [[...P, '-v'], 'kcap: --verbose: no packet is printed', /--print/],
  [[...P, '-H', 'site'], 'kcap: -H site: not NAME=VALUE', /-H site=north/],
  [[...P, '-H', 'pcap-nanos=1'], 'kcap: -H pcap-nanos=1: kcap sets pcap-nanos itself', /./],
  [[...C, '-w', 'out.pcap', '-pp', '1'], 'kcap: -w and -pp: either packets or lines', /./],
  [['broker', '--port', 'x'], 'kcap: --port x: not a whole number', /./],
  [['broker', '--topic', 'a b'], "kcap: --topic a b: a topic name can't contain a space", /./],
  [['-c', '-k', 'b', '-t', 'a/b'], "kcap: -t a/b: a topic name can't contain '/'", /at most 249/],
  [['-c', '-k', 'b', '-t', 'x'.repeat(600)], 'kcap: -t xxx', /at most 249/],
  [['-c', '-k', 'kafka://b:1', '-t', 'pcap'], 'kcap: -k kafka://b:1: a broker', /^write b:1$/],
  [[...P, '-X', 'transactional.id=x'], 'kcap: -X transactional.id: kcap sends without', /./],
  [['broker', '--topic', 'pcap:4:8'], 'kcap: --topic pcap:4:8: not NAME or NAME', /pcap:4/],
  [['broker', '--topic', 'pcap:0'], 'kcap: --topic pcap:0: not NAME or NAME', /pcap:4/],
  [['broker', '--topic', 'pcap:1001'], 'kcap: --topic pcap:1001: not NAME or NAME', /pcap:4/],
  // Only options that have a meaning there are suggested.
  [['broker', '--prt', '1'], 'kcap: --prt: unknown option', /did you mean --port\?/],
  [['broker', '--kafka-brokr', 'b'], 'kcap: --kafka-brokr: unknown option', /^see/],
  [['broker', '--port'], 'kcap: --port: its value is missing', /^see 'kcap broker --help'$/],
  [['broker', 'devices2'], 'kcap: devices2: unexpected argument', /^see 'kcap broker --help'$/],
  [['-q', 'devices'], 'kcap: devices: a command comes first', /'kcap devices'/],
  [['devices', '--snaplen', '1'], 'kcap: --snaplen: unknown option', /^see/],
  [[...C, '--interfce', 'lo'], 'kcap: --interfce: unknown option', /^see/],
  [[...P, '--interfce', 'lo'], 'kcap: --interfce: unknown option', /did you mean --interface\?/],
];

testMisuses(MISUSES);

/** A client that is not made leaves calls behind, which fail where the process does not end with the run. */
const REFUSED_BY_LIBRARY: Misuse = [
  [...C, '-X', 'ssl.keystore.location=x', '-X', 'security.protocol=SSL'],
  'kcap: properties (-X): ssl.keystore.password is mandatory when ssl.keystore.location is set',
  /change or leave out one/,
];

// One of the mode, one of the words, one of a command, and the one that needs a process of its own.
for (const [args, what, remedy] of [
  ...MISUSES.slice(0, 1),
  ...MISUSES.slice(2, 5),
  REFUSED_BY_LIBRARY,
])
  test(`kcap ${args.join(' ')}: two lines on standard error, and status 2`, async (t) => {
    const run = kcap(t, args);
    const { status } = await run.exit;
    const [first = '', ...rest] = run.stderr.trimEnd().split('\n');
    assert.ok(first.startsWith(what), run.stderr);
    assert.match(rest.join('\n'), remedy);
    assert.ok(rest.length <= 1, 'one line and a remedy');
    assert.equal(status, 2);
    assert.equal(run.stdout.length, 0);
  });

for (const args of [P, F, C])
  test(`kcap ${args[0] ?? ''} ${args[5] ?? ''}: a wrong filter is marked where it goes wrong, before anything starts`, async (t) => {
    const run = kcap(t, [...args, '-f', 'tcp prot 80']);
    assert.equal((await run.exit).status, 2);
    assert.match(run.stderr, /^kcap: -f 'tcp prot 80': .*syntax error/);
    assert.match(run.stderr, /\n {2}tcp prot 80\n {6}\^ /);
  });

test('a filter that is wrong for the packets of an interface is marked, too', async (t) => {
  const topic = await freshTopic(t);
  const run = kcap(t, [
    '-p',
    '-k',
    testBrokers(),
    '-t',
    topic,
    '-i',
    'lo',
    '-f',
    'tcp and type mgt',
  ]);
  assert.equal((await run.exit).status, 2);
  assert.match(run.stderr, /\n {2}tcp and type mgt\n {10}\^ /);
});

test('an unknown interface: those that exist are named', async (t) => {
  const topic = await freshTopic(t);
  for (const name of ['nosuch0', '203.0.113.9']) {
    const run = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-i', name]);
    assert.equal((await run.exit).status, 1);
    assert.match(run.stderr, new RegExp(`kcap: capture on ${name}: no such interface`));
    assert.match(run.stderr, /there are: .*\blo\b/);
    assert.doesNotMatch(run.stderr, /did you mean/);
  }
  const near = kcap(t, ['-p', '-k', testBrokers(), '-t', topic, '-i', 'lo0']);
  assert.equal((await near.exit).status, 1);
  assert.match(near.stderr, /did you mean lo\? There are: .*\blo\b/);
});

test('an unknown topic: the one that is nearest is named, to both modes', async (t) => {
  const topic = await freshTopic(t);
  for (const mode of [['-p', '-i', 'lo'], ['-c']]) {
    const run = kcap(t, [...mode, '-k', testBrokers(), '-t', topic.slice(0, -2)]);
    assert.equal((await run.exit).status, 1);
    assert.match(run.stderr, new RegExp(`did you mean ${topic}\\? Otherwise create it first`));
  }
});

for (const mode of [['-p', '-i', 'lo'], ['-c']]) {
  test(`kcap ${mode.join(' ')}: a broker that can't be reached is named in time`, async (t) => {
    const run = kcap(t, [...mode, '-k', '127.0.0.1:1', '-t', 'pcap']);
    const { status, durationMs } = await run.exit;
    assert.equal(status, 1);
    assert.ok(durationMs < TOLD_WITHIN_MS);
    assert.match(run.stderr, /kcap: connect to 127\.0\.0\.1:1: .*Connection refused/);
  });

  test(`kcap ${mode.join(' ')}: a missing topic is named, and not made`, async (t) => {
    const run = kcap(t, [...mode, '-k', testBrokers(), '-t', 'kcap-test-no-such-topic']);
    const { status, durationMs } = await run.exit;
    assert.equal(status, 1);
    assert.ok(durationMs < TOLD_WITHIN_MS);
    assert.match(run.stderr, /kcap: topic kcap-test-no-such-topic: it does not exist/);
    const { topics } = await fetchMetadata();
    assert.ok(!topics.some(({ name }) => name === 'kcap-test-no-such-topic'), 'the topic was made');
  });
}

test('a host name that does not resolve is said', async (t) => {
  const run = kcap(t, ['-c', '-k', 'no-such-host.invalid:9092', '-t', 'pcap']);
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /Failed to resolve 'no-such-host\.invalid:9092'/);
});

test('errors are text or json, as asked', async (t) => {
  const args = ['-c', '-k', '127.0.0.1:1', '-t', 'pcap', '--log-format'];
  const text = kcap(t, [...args, 'text']);
  await text.exit;
  assert.match(text.stderr, /^kcap: connect to 127\.0\.0\.1:1: .*\ncheck the address/m);
  const json = kcap(t, [...args, 'json']);
  await json.exit;
  const error = json.records.find(({ event }) => event === 'error');
  assert.match(String(error?.['msg']), /^kcap: connect to/);
  assert.match(String(error?.['remedy']), /^check the address/);
});

test('--version names kcap, librdkafka with its features, and libpcap', async (t) => {
  const { version } = JSON.parse(await readFile(`${repository}package.json`, 'utf8')) as {
    version: string;
  };
  for (const flag of ['--version', '-V']) {
    const run = kcap(t, [flag]);
    assert.equal((await run.exit).status, 0);
    const [own, kafka, pcap] = run.stdout.toString().split('\n');
    assert.equal(own, `kcap ${version}`);
    assert.match(kafka ?? '', /^librdkafka 2\.\d+\.\d+ \(.*\bsasl_gssapi\b.*\bzstd\b.*\)$/);
    assert.match(pcap ?? '', /^libpcap version 1\./);
  }
});

test('--help goes to standard output and shows the two-letter flags', async (t) => {
  for (const flag of ['--help', '-h']) {
    const run = kcap(t, [flag]);
    assert.equal((await run.exit).status, 0);
    const help = run.stdout.toString();
    for (const option of ['-pp, --pretty-print N', '-ll, --log-level', '-k, --kafka-broker'])
      assert.ok(help.includes(option), option);
    assert.match(help, /-B, --buffer-size MIB +kernel buffer \(32\)/);
    assert.match(help, /--no-promiscuous/);
    assert.doesNotMatch(help, /\[(string|boolean|array|default)/);
    assert.ok(help.split('\n').every((line) => line.length <= 80));
    assert.equal(run.stderr, '');
  }
});

test('--help of a command shows its options and no others', async (t) => {
  for (const args of [
    ['broker', '--help'],
    ['broker', '--port', '1', '-h'],
  ]) {
    const run = kcap(t, args);
    assert.equal((await run.exit).status, 0);
    const help = run.stdout.toString();
    assert.match(help, /^Usage:\n {2}kcap broker \[--port N\]/);
    assert.match(help, /^ +--topic NAME\[:PARTITIONS\]$/m);
    assert.match(help, /^ +-h, --help /m);
    assert.doesNotMatch(help, /kafka-topic|COMMAND/);
  }
});

test('--help lists every command, and each has a help of its own', async (t) => {
  const general = kcap(t, ['--help']);
  await general.exit;
  for (const { name, summary } of COMMANDS.filter((command) => command !== BRIDGE)) {
    assert.match(general.stdout.toString(), new RegExp(`^ {2}${name} +${summary}$`, 'm'));
    const own = kcap(t, [name, '--help']);
    assert.equal((await own.exit).status, 0);
    assert.match(own.stdout.toString(), new RegExp(`^Usage:\\n {2}kcap ${name}`));
  }
});

test('text for standard output says that it cannot be written, and may be left unread', async (t) => {
  for (const args of [['--help'], ['--version'], ['devices']]) {
    const full = kcap(t, args, { under: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'] });
    assert.equal((await full.exit).status, 1);
    assert.match(full.stderr, /^kcap: write standard output: ENOSPC/);
    const unread = kcap(t, args, { under: ['sh', '-c', '"$@" | true', 'sh'] });
    assert.equal((await unread.exit).status, 0);
    assert.equal(unread.stderr, '');
  }
});

test('kcap devices lists interfaces with their addresses', async (t) => {
  const run = kcap(t, ['devices']);
  assert.equal((await run.exit).status, 0);
  assert.match(run.stdout.toString(), /^lo +up +.*127\.0\.0\.1/m);
});
