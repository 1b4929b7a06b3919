/** A process to which the test gives no more threads: says what becomes of all that needs one. */
import { messageOf, UserError } from '#kcap/errors/user-error.js';
import { requireThreads } from '#kcap/kafka/client-threads.js';
import { InMemoryBroker } from '#kcap/kafka/in-memory-broker.js';
import { StandardError } from '#kcap/terminal/standard-error.js';

import {
  captureOnLoopback,
  consumerWithoutBroker,
  datagramsToNobody,
  producerWithoutBroker,
  UNREACHABLE,
} from './threaded-objects.js';

const NEEDY: readonly (() => unknown)[] = [
  () => {
    requireThreads(UNREACHABLE);
  },
  producerWithoutBroker,
  consumerWithoutBroker,
  datagramsToNobody,
  () => new InMemoryBroker(0),
  async () => {
    const open = captureOnLoopback();
    try {
      await open.next();
    } finally {
      await open.close();
    }
  },
];

console.log('ready');
process.stdin.once('data', () => {
  void (async () => {
    for (const need of NEEDY)
      try {
        await need();
        console.log('there is one');
      } catch (error) {
        console.log(messageOf(error));
        if (error instanceof UserError && error.remedy) console.log(error.remedy);
      }
    const log = new StandardError();
    log.insist(() => {
      log.write('the log\n');
    });
    process.exit(0);
  })();
});
