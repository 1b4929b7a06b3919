import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type Lookup, withAddresses } from '#kcap/capture/host-names.js';

const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'gate.example': ['192.0.2.1'],
  'web-1.example': ['192.0.2.7', '2001:db8::7'],
  six: ['2001:db8::6'],
  'port-80': ['192.0.2.80'],
};

/** Looks names up in HOSTS, and keeps what it was asked. */
function lookup(): { asked: string[]; lookUp: Lookup } {
  const asked: string[] = [];
  return {
    asked,
    lookUp: (name) => {
      asked.push(name);
      const addresses = HOSTS[name];
      return addresses
        ? Promise.resolve(addresses)
        : Promise.reject(Object.assign(new Error(name), { code: 'ENOTFOUND' }));
    },
  };
}

describe('host names in a filter', () => {
  const named: [expression: string, expected: string][] = [
    ['host gate.example', 'host 192.0.2.1'],
    ['host web-1.example', 'host (192.0.2.7 or 2001:db8::7)'],
    ['ip host web-1.example', 'ip host 192.0.2.7'],
    ['ip6 host web-1.example', 'ip6 host 2001:db8::7'],
    ['src gate.example and port http', 'src 192.0.2.1 and port http'],
    ['not (dst host six or gate.example)', 'not (dst host 2001:db8::6 or 192.0.2.1)'],
    ['tcp port 80 and host port-80', 'tcp port 80 and host 192.0.2.80'],
    ['host gate.example && tcp[tcpflags] & tcp-syn != 0 && !host six', ''],
    ['net gate.example', 'net 192.0.2.1'],
  ];
  for (const [expression, expected] of named)
    test(`become addresses: ${expression}`, async () => {
      const known = await withAddresses(expression, lookup().lookUp);
      const all = expression.replace('gate.example', '192.0.2.1').replace('six', '2001:db8::6');
      assert.equal(known, expected === '' ? all : expected);
    });

  const nameless = [
    '',
    'tcp port http or udp port domain',
    'ip proto \\tcp and host 192.0.2.1',
    'ether host 02:00:00:00:00:0a and not broadcast',
    'ip6 host fe80::ab and net 10.0.0.0/8',
    'icmp[icmptype] == icmp-echo or vlan 0xa',
    'type mgt subtype beacon',
    'tcp prot 80',
    'host',
    'nonsense and host',
  ];
  for (const expression of nameless)
    test(`are not looked for in ${expression === '' ? 'nothing' : expression}`, async () => {
      const { asked, lookUp } = lookup();
      assert.equal(await withAddresses(expression, lookUp), expression);
      assert.deepEqual(asked, []);
    });

  test('that are unknown are named, but not those of networks', async () => {
    const { lookUp } = lookup();
    await assert.rejects(withAddresses('tcp and host nosuch.example', lookUp), {
      message: "-f 'tcp and host nosuch.example': nosuch.example has no address: no such host",
      remedy: 'check the name and the name servers of this machine, or give an address',
      exitStatus: 1,
    });
    assert.equal(await withAddresses('net loopback', lookUp), 'net loopback');
  });
});
