import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { type RealKafka, startRealKafka } from '../support/real-kafka.js';
import { runCommand } from '../support/run-command.js';
import { testBrokers, useBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { unchanged } from '../support/unchanged.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;

// What others exchange with the brokers that all tests share would be captured, too.
let kafka: RealKafka;
before(async () => {
  kafka = await startRealKafka();
  useBrokers(kafka.brokers);
});
after(() => kafka.close());

function producing(topic: string, link: string, ...more: string[]): string[] {
  return ['--producer', '-k', testBrokers(), '-t', topic, '-i', link, ...more];
}

for (const link of ['lo', 'any'])
  test(`two producers on ${link} do not feed each other`, { skip: noVeth }, async (t) => {
    const topic = await freshTopic(t);
    const brokers = testBrokers();
    const port = brokers.split(':')[1] ?? '';
    const start = async () => {
      const from = ['-i', link, '-f', `tcp port ${port}`];
      const run = kcap(t, ['-p', '-k', brokers, '-t', topic, ...from, '-pp', '1']);
      await run.started();
      return run;
    };
    const runs = [await start(), await start()];
    // Both have connected once each has delivered what somebody else exchanged with the broker.
    await countMessages(topic);
    for (const run of runs) await run.waitForLog(() => run.stdout.includes('Packet delivered['));
    const printed = () => runs.reduce((sum, run) => sum + run.stdout.length, 0);
    assert.equal(await unchanged(printed), true);
    for (const run of runs) {
      run.signal('SIGTERM');
      await run.exit;
    }
  });

test('a capture on lo does not feed on its own broker connections', { skip }, async (t) => {
  const topic = await freshTopic(t);
  const port = testBrokers().split(':')[1] ?? '';
  const run = kcap(t, producing(topic, 'lo', '-f', `tcp port ${port}`));
  await run.started();
  // Other clients' traffic with the same broker is captured, and each packet of it makes kcap send.
  await countMessages(topic);
  const own = kcap(t, [...producing(topic, 'lo', '-f', 'icmp'), '-m', '20']);
  await own.started();
  await runCommand('ping', '-q', '-c', '10', '-i', '0.01', '127.0.0.1');
  assert.equal((await own.exit).status, 0);
  run.signal('SIGTERM');
  await run.exit;
  // What the two other clients said is some hundred packets; feedback would grow without end.
  assert.ok(run.summary().packets_in > 10, 'it captures what others say to the broker');
  assert.ok(run.summary().packets_in < 2000, `${run.summary().packets_in} packets`);
});

/** Lines beyond those of somebody else's questions, of which there are more where the broker takes long to answer. */
const FED_LINES = 400;

for (const link of [['lo'], ['any'], ['any', '-y', 'LINUX_SLL2'], ['any', '-i', 'lo']]) {
  const where = link.join(' ');
  test(
    `left to itself on ${where}, nothing is captured; with --capture-own-traffic it feeds`,
    { skip },
    async (t) => {
      const topic = await freshTopic(t);
      const port = testBrokers().split(':')[1] ?? '';
      const [name = '', ...options] = link;
      const lines = (run: KcapRun) => run.stdout.toString().split('\n').length;
      const capture = async (...more: string[]) => {
        const args = ['-f', `tcp port ${port}`, '-pp', '1', ...options, ...more];
        const run = kcap(t, producing(topic, name, ...args));
        await run.started();
        // The producer has connected and got its id once a packet of somebody else's is delivered.
        await countMessages(topic);
        await run.waitForLog(() => run.stdout.includes('Packet delivered['));
        return run;
      };
      const alone = await capture();
      // What feeds does not come to rest.
      assert.equal(await unchanged(() => alone.stdout.length), true);
      alone.signal('SIGTERM');
      await alone.exit;
      const feeding = await capture('--capture-own-traffic');
      const enough = 4 * lines(alone) + FED_LINES;
      await waitFor(() => lines(feeding) > enough, { limitMs: 60_000, what: 'feedback' });
    },
  );
}
