import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { runCommand } from '../support/run-command.js';
import { noVeth } from '../support/veth.js';

const PROGRAM = path.join(import.meta.dirname, 'beside-others.js');

/** What beside-others.js says, where /dev/shm and the network are its own. */
async function besideOthers(mode: string, memory = '64m'): Promise<unknown> {
  const script = `mount -t tmpfs -o size=${memory} tmpfs /dev/shm && ip link set lo up && exec "$@"`;
  const apart = ['--mount', '--net', 'sh', '-c', script, 'sh'];
  return JSON.parse(await runCommand('unshare', ...apart, process.execPath, PROGRAM, mode));
}

test('a table that its user cuts while it is read ends no capture', { skip: noVeth }, async () => {
  assert.deepEqual(await besideOthers('cut'), ['before', 'after']);
});

test(
  'a table with all ports of the host, which changes all the time, holds nothing up',
  { skip: noVeth },
  async () => {
    const all = Array.from({ length: 200 }, (_, index) => index + 1);
    assert.deepEqual(await besideOthers('flood'), all);
  },
);

test('own connections stay out where shared memory is full', { skip: noVeth }, async () => {
  // For nothing, for the common part alone, for a few connections.
  for (const memory of ['4k', '20k', '28k'])
    assert.deepEqual(await besideOthers('full', memory), ['other'], memory);
});
