import assert from 'node:assert/strict';
import { test } from 'node:test';

import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { pcapFile, readPcap } from '../support/pcap-file.js';
import { waitFor } from '../support/wait-for.js';

test('kcap broker is a Kafka to try things out with: what is sent to it comes back', async (t) => {
  const port = await freePort();
  const broker = kcap(t, [
    'broker',
    '--port',
    String(port),
    '--topic',
    'pcap:2',
    '--topic',
    'other',
  ]);
  await waitFor(() => broker.stdout.length > 0, { limitMs: 10_000, what: 'the address' });
  assert.equal(broker.stdout.toString(), `127.0.0.1:${port}\n`);
  const to = ['-k', `127.0.0.1:${port}`, '-t', 'pcap'];
  const packets = Array.from({ length: 100 }, (_, index) => ({
    seconds: 1_700_000_000,
    fraction: index,
    frame: Buffer.alloc(60, index),
  }));
  const sent = kcap(t, ['-p', ...to, '-r', '-'], { stdin: pcapFile({ packets }) });
  assert.equal((await sent.exit).status, 0);
  const read = kcap(t, ['-c', ...to, '-o', 'begin', '-e']);
  assert.equal((await read.exit).status, 0);
  assert.equal(readPcap(read.stdout).packets.length, 100);

  const second = kcap(t, ['broker', '--port', String(port)]);
  assert.equal((await second.exit).status, 1);
  assert.match(second.stderr, /kcap: broker on port \d+: Address already in use/);

  broker.signal('SIGTERM');
  assert.equal((await broker.exit).status, 0);
});
