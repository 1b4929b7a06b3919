import assert from 'node:assert/strict';
import { test } from 'node:test';

import { devicesTable } from '#kcap/commands/devices.js';
import type { Device } from '#kcap/capture/devices.js';
import { kcap } from '../support/kcap.js';
import { netNamespace } from '../support/net-namespace.js';
import { noVeth } from '../support/veth.js';

const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

function device(name: string, facts: Partial<Device> = {}): Device {
  return {
    name,
    description: undefined,
    addresses: [],
    loopback: false,
    up: true,
    running: true,
    linkTypes: [1],
    refused: false,
    ...facts,
  };
}

const DEVICES = [
  device('eth0', {
    linkTypes: [1, 143],
    addresses: [
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8:1111:2222:3333:4444:5555:6666',
      'fe80::1ff:fe23:4567:890a',
    ],
  }),
  device('eth1', { up: false, running: false }),
  device('eth2', { running: false, linkTypes: undefined }),
  device('bluetooth-monitor', {
    up: undefined,
    running: undefined,
    linkTypes: [254],
    description: 'Bluetooth Linux Monitor',
  }),
];

test('the table of devices wraps what belongs to one of them at 80 columns', () => {
  assert.equal(
    devicesTable(DEVICES, 80),
    `NAME               STATE    LINK TYPES               ADDRESSES (DESCRIPTION)
eth0               up       EN10MB,DOCSIS            192.0.2.1 192.0.2.2
                                                     2001:db8:1111:2222:3333:4444:5555:6666
                                                     fe80::1ff:fe23:4567:890a
eth1               down     EN10MB
eth2               no link  ?
bluetooth-monitor  -        BLUETOOTH_LINUX_MONITOR  (Bluetooth Linux Monitor)
`,
  );
});

test('the table of devices has a line for each where nobody sees a terminal', () => {
  const lines = devicesTable(DEVICES, undefined).trimEnd().split('\n');
  assert.equal(lines.length, 5);
  assert.match(lines[1] ?? '', /^eth0 .*192\.0\.2\.1 .* fe80::1ff:fe23:4567:890a$/);
});

test('the table of devices puts addresses below on a narrow terminal', () => {
  assert.equal(
    devicesTable([device('eth0', { addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] })], 40),
    `NAME  STATE  LINK TYPES
    ADDRESSES (DESCRIPTION)
eth0  up     EN10MB
    192.0.2.1 192.0.2.2 192.0.2.3
`,
  );
});

test('a device’s description moves no cursor', () => {
  const text = devicesTable([device('usb0', { description: 'a\x1b[2Jb' })], undefined);
  assert.match(text, /\(a\\x1b\[2Jb\)$/m);
});

test('kcap devices tells up from down, and addresses, link types', { skip: noVeth }, async (t) => {
  const namespace = await netNamespace(t);
  const { under } = namespace;
  const run = (...command: [string, ...string[]]) => namespace.run(...command);
  await run('ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there');
  await run('ip', 'link', 'add', 'lonely', 'type', 'veth', 'peer', 'name', 'asleep');
  await run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'here');
  await run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'here');
  for (const name of ['here', 'there', 'lonely']) await run('ip', 'link', 'set', name, 'up');
  const listing = kcap(t, ['devices', '--json'], { under });
  assert.equal((await listing.exit).status, 0, listing.stderr);
  assert.equal(listing.stderr, '');
  const devices = JSON.parse(listing.stdout.toString()) as { name: string; addresses: string[] }[];
  const named = (name: string) => devices.find((found) => found.name === name);
  const { addresses, ...here } = named('here') ?? {};
  assert.deepEqual(addresses?.slice(0, 2), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(here, {
    name: 'here',
    description: null,
    link_types: ['EN10MB', 'DOCSIS'],
    up: true,
    running: true,
    loopback: false,
  });
  const states = ['here', 'lonely', 'asleep'].map((name) => {
    const { up, running } = named(name) as unknown as { up: boolean; running: boolean };
    return { up, running };
  });
  assert.deepEqual(states, [
    { up: true, running: true },
    { up: true, running: false },
    { up: false, running: false },
  ]);
  const table = kcap(t, ['devices'], { under });
  assert.equal((await table.exit).status, 0);
  assert.match(table.stdout.toString(), /^here +up +EN10MB,DOCSIS +192\.0\.2\.1 192\.0\.2\.2/m);
});

test('kcap devices says what it cannot know without rights', { skip: noVeth }, async (t) => {
  const run = kcap(t, ['devices'], { under: AS_NOBODY });
  assert.equal((await run.exit).status, 0, run.stderr);
  assert.match(run.stdout.toString(), /^lo +up +\? +127\.0\.0\.1/m);
  assert.match(
    run.stderr,
    /^kcap: link types: not known \(\?\) where this user may not capture\nrun it as root/,
  );
});
