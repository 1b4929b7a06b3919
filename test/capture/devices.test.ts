import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';

import { interfaceNamed, listDevices } from '#kcap/capture/devices.js';

describe('the devices', () => {
  test('contain the loopback interface with its address', async () => {
    const lo = (await listDevices()).find(({ name }) => name === 'lo');
    assert.equal(lo?.loopback, true);
    assert.ok(lo.addresses.includes('127.0.0.1'), lo.addresses.join(' '));
    assert.equal(lo.description, undefined);
  });

  test('contain each interface that has an address, with all of them', async () => {
    const devices = new Map((await listDevices()).map((device) => [device.name, device]));
    for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
      const known = devices.get(name);
      for (const { address, internal } of addresses) {
        assert.ok(known?.addresses.includes(address), `${name} without ${address}`);
        assert.equal(known?.loopback, internal);
      }
    }
  });

  test('say what is not an interface but captures like one', async () => {
    const any = (await listDevices()).find(({ name }) => name === 'any');
    assert.match(any?.description ?? '', /all interfaces/);
    assert.equal(any?.loopback, false);
  });

  test('are looked for while everything else goes on', async () => {
    let hadATurn = false;
    setImmediate(() => (hadATurn = true));
    await listDevices();
    assert.ok(hadATurn);
  });
});

describe('the interface that is meant', () => {
  const cases: [what: string, asked: string, name: string | undefined][] = [
    ['by an IPv4 address', '127.0.0.1', 'lo'],
    // Documentation addresses: no interface has them.
    ['by an IPv4 address that none has', '203.0.113.7', undefined],
    ['by an IPv6 address that none has', '2001:db8::7', undefined],
    ['by its name', 'lo', 'lo'],
    ['by a name that none has, for libpcap to refuse', 'eth99', 'eth99'],
    ['by any', 'any', 'any'],
    ['by something like an address', '127.0.0', '127.0.0'],
  ];
  for (const [what, asked, name] of cases) {
    test(`is found ${what}`, () => {
      assert.equal(interfaceNamed(asked), name);
    });
  }

  test('is found by each address that this machine has', async () => {
    for (const { addresses, name } of await listDevices())
      for (const address of addresses) assert.equal(interfaceNamed(address), name);
  });
});
