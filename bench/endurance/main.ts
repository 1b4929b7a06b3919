import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';

import { noVeth } from '#support/veth.js';
import { startKafka } from '../rig/kafka.js';
import { inScope } from '../rig/scope.js';
import { endure } from './endure.js';

/**
 * `npm run endurance [-- SECONDS]`: a producer that captures steady traffic and a consumer that follows it, for an hour
 * or so many seconds. Status 1 where a packet was lost or came twice, or where memory grew.
 */

const USUAL_SECONDS = 3600;
/** Fewer give no minutes to compare. */
const LEAST_SECONDS = 60;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.exitCode = 128 + constants.signals[signal];
    stop.abort(new Error(`ended by ${signal}`));
  });
}

await main().catch((error: unknown) => {
  process.exitCode ??= 1;
  console.error(stop.signal.aborted ? `endurance: ${String(stop.signal.reason)}` : error);
});
// node-rdkafka leaves handles behind that would keep the process for a while.
process.exit();

async function main(): Promise<void> {
  const [given = String(USUAL_SECONDS), ...more] = process.argv.slice(2);
  const seconds = Number(given);
  if (!(seconds >= LEAST_SECONDS && seconds < Infinity) || more.length > 0) {
    console.error(`usage: npm run endurance [-- SECONDS]   (${LEAST_SECONDS} or more)`);
    process.exitCode = 2;
    return;
  }
  if (noVeth !== false) throw new Error(`endurance: ${noVeth}`);
  const well = await inScope(async (scope) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kcap-endurance-'));
    scope.after(() => rm(folder, { recursive: true, force: true }));
    process.env['TMPDIR'] = folder;
    const { brokers } = await startKafka(scope);
    return endure(scope, { brokers, folder, seconds, signal: stop.signal });
  });
  process.exitCode = well ? 0 : 1;
}
