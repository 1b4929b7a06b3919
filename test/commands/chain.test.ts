import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { kcap } from '../support/kcap.js';
import { testBrokers } from '../support/test-brokers.js';
import { committedOffsets, countMessages, freshTopic, sendMessages } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

test('a consumer into a producer that ignores SIGINT: Ctrl-C loses nothing that is committed', async (t) => {
  const [from, to] = [await freshTopic(t), await freshTopic(t)];
  await sendMessages(
    from,
    Array.from({ length: 20_000 }, () => ({ key: Buffer.alloc(8), value: Buffer.alloc(200) })),
  );
  const group = `kcap-test-${randomUUID()}`;
  const producer = kcap(t, ['-p', '-k', testBrokers(), '-t', to, '-r', '-'], {
    stdin: 'open',
    under: ['sh', '-c', `trap '' INT; exec "$@"`, 'sh'],
  });
  await producer.started();
  const consumer = kcap(t, ['-c', '-k', testBrokers(), '-t', from, '-o', 'stored', '-g', group], {
    stdout: 'open',
  });
  consumer.stdoutStream.pipe(producer.stdin);
  await waitFor(() => countMessages(to), { limitMs: 20_000, what: 'a packet' });
  for (const run of [consumer, producer]) run.signal('SIGINT');
  await consumer.exit;
  await producer.exit;
  const [committed = 0] = await committedOffsets(from, group);
  assert.ok(committed > 0);
  assert.ok((await countMessages(to)) >= committed, `${committed} committed`);
});
