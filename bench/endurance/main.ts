import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';

import { noVeth } from '#support/veth.js';
import { startKafka } from '../rig/kafka.js';
import { inScope, type Scope } from '../rig/scope.js';
import { endure } from './endure.js';
import type { EnduranceOptions } from './rig.js';
import { endureTasks } from './tasks.js';

/**
 * `npm run endurance [-- CASE [SECONDS]]`: for an hour or so many seconds, `bridge`, a producer that captures steady traffic
 * and a consumer that follows it; or `tasks`, an agent that is given tasks and deletes them meanwhile. Without a case, both,
 * one after the other. Status 1 where a packet was lost or came twice, or where memory grew.
 */

const CASES: Readonly<
  Record<string, (scope: Scope, options: EnduranceOptions) => Promise<boolean>>
> = { bridge: endure, tasks: endureTasks };

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
  const words = process.argv.slice(2);
  const chosen = Object.keys(CASES).filter((name) => words[0] === name);
  const [given = String(USUAL_SECONDS), ...more] = words.slice(chosen.length);
  const seconds = Number(given);
  if (!(seconds >= LEAST_SECONDS && seconds < Infinity) || more.length > 0) {
    const names = Object.keys(CASES).join(' | ');
    console.error(`usage: npm run endurance [-- [${names}] SECONDS]   (${LEAST_SECONDS} or more)`);
    process.exitCode = 2;
    return;
  }
  if (noVeth !== false) throw new Error(`endurance: ${noVeth}`);
  let isWell = true;
  for (const [name, run] of Object.entries(CASES)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    console.log(`${name}, ${seconds} s`);
    isWell =
      (await inOwnFolder((options) => run(options.scope, { ...options, seconds }))) && isWell;
  }
  process.exitCode = isWell ? 0 : 1;
}

async function inOwnFolder(
  use: (options: Omit<EnduranceOptions, 'seconds'> & { readonly scope: Scope }) => Promise<boolean>,
): Promise<boolean> {
  const before = process.env['TMPDIR'] ?? '/tmp';
  return inScope(async (scope) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kcap-endurance-'));
    scope.after(() => rm(folder, { recursive: true, force: true }));
    process.env['TMPDIR'] = folder;
    scope.after(() => (process.env['TMPDIR'] = before));
    const { brokers } = await startKafka(scope);
    return use({ scope, brokers, folder, signal: stop.signal });
  });
}
