import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { type Misuse, testMisuses } from './misuse.js';

const R = ['sip', '-r', 'file'];
const I = ['sip', '-i', 'lo'];
const K = ['sip', '-k', 'localhost:1', '-t', 'pcap'];

const MISUSES: readonly Misuse[] = [
  [['sip'], 'kcap: sip: nothing to capture from', /-i .*-r.*-k and -t/],
  [[...R, '-i', 'lo'], 'kcap: -i and -r: one run has one kind of source', /./],
  [[...R, '-k', 'b', '-t', 'x'], 'kcap: -r and -k: one run has one kind of source', /./],
  [[...I, '-t', 'x'], 'kcap: -i and -k: one run has one kind of source', /./],
  [
    [...I, '-k', 'b', '-t', 'x', '--report', 'kafka:y'],
    'kcap: -i and -t: one run has one kind of source',
    /--report kafka:TOPIC/,
  ],
  [[...R, '--report', 'kafka:y'], 'kcap: broker: none given', /-k localhost:9092/],
  [
    [...K, '--report', 'kafka:pcap'],
    'kcap: --report kafka:pcap: packets are read from this topic, and nothing is written to it',
    /another topic/,
  ],
  [['sip', '-k', 'b'], 'kcap: topic: none given', /-t pcap/],
  [[...R, '--from', '-15m'], 'kcap: --from: it has no meaning with -r', /kcap sip --help/],
  [[...K, '-B', '8'], 'kcap: --buffer-size: it has no meaning with -k', /kcap sip --help/],
  [[...R, '--workers', '2'], 'kcap: --workers and -r: one thread reads a file', /./],
  [[...K, '-o', 'stored'], 'kcap: -o stored: offsets are stored for a group', /-g/],
  [[...R, '--raw', '--report', 'json:'], 'kcap: --raw: no message is shown as a line', /text:/],
  [[...R, '-a', 'filesize:5'], 'kcap: -a filesize: no file is written', /./],
  [
    [...R, '--report', 'text:', '--report', 'json:'],
    'kcap: --report: standard output is for one reporter',
    /text: and json:/,
  ],
  [[...R, '--report', 'homer'], 'kcap: --report homer: no such reporter', /hep:\/\//],
  [
    [...R, '--report', 'hep://h?pasword=x'],
    'kcap: --report hep://h?pasword=x: pasword: no such setting',
    /did you mean password\?/,
  ],
  [[...R, '--sip-filter', '(metod invite)'], 'kcap: --sip-filter: line 1, column 2: ', /\^/],
  [
    [...R, '--tunnels', 'gre,vxlam'],
    'kcap: --tunnels gre,vxlam: vxlam: no such tunnel',
    /did you mean vxlan\?/,
  ],
  [
    [...R, '--tunnels', 'gre,'],
    'kcap: --tunnels gre,: a name is missing',
    /all, none, or some of: ipip,gre,erspan,vxlan,geneve,gtp,tzsp,hep/,
  ],
  [[...R, '--drain-timeout', 'soon'], 'kcap: --drain-timeout soon: not a number of seconds', /10/],
  [[...R, '--reprt', 'json:'], 'kcap: --reprt: unknown option', /did you mean --report\?/],
];

testMisuses(MISUSES);

test('a file with a filter that is not there is named', async (t) => {
  const run = kcap(t, [...R, '--sip-filter', '@/nowhere', '--log-format', 'text']);
  assert.equal((await run.exit).status, 1);
  assert.match(run.stderr, /^kcap: --sip-filter @\/nowhere: ENOENT.*\ncheck the path$/m);
});
