import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CaptureNames } from '#kcap/agent/triggers/capture-name.js';

test('names files after host, interface and time, and numbers those of the same second', () => {
  const names = new CaptureNames('fw-1.fra');
  assert.equal(names.next('eth0', 'pcap', 1_700_000_000_000), 'fw-1.fra-eth0-1700000000.pcap');
  assert.equal(names.next('eth0', 'pcap', 1_700_000_000_999), 'fw-1.fra-eth0-1700000000-2.pcap');
  assert.equal(names.next('eth1', 'pcap', 1_700_000_000_999), 'fw-1.fra-eth1-1700000000.pcap');
  assert.equal(names.next('eth0', 'pcap', 1_700_000_000_999), 'fw-1.fra-eth0-1700000000-3.pcap');
  assert.equal(names.next('eth0', 'pcap', 1_700_000_001_000), 'fw-1.fra-eth0-1700000001.pcap');
});

test('lets neither host nor interface lead out of a folder', () => {
  const names = new CaptureNames('../../etc/passwd');
  assert.equal(names.next('eth0', 'pcap', 0), '__.._etc_passwd-eth0-0.pcap');
  assert.equal(new CaptureNames('').next('a\0/b\n', 'pcap', 0), '_-a__b_-0.pcap');
});
