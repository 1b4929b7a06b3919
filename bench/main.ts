import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';

import { noVeth, vethPair } from '#support/veth.js';
import { type Options, parseOptions, USAGE } from './options.js';
import { Cluster } from './rig/cluster.js';
import { FrameFiles } from './rig/frames.js';
import { startKafka } from './rig/kafka.js';
import { inScope, type Scope } from './rig/scope.js';
import { measureCases } from './measure-cases.js';

/** `npm run bench`: docs/performance.md says how to read it. */

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.exitCode = 128 + constants.signals[signal];
    stop.abort(new Error(`ended by ${signal}`));
  });
}

// A mistake in a callback must not leave interfaces and files behind either.
process.on('uncaughtException', (error) => {
  process.exitCode = 1;
  stop.abort(error);
});

await main().catch((error: unknown) => {
  process.exitCode ??= 1;
  console.error(stop.signal.aborted ? `bench: ${String(stop.signal.reason)}` : error);
});
// node-rdkafka leaves handles behind that would keep the process for a while.
process.exit();

async function main(): Promise<void> {
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`bench: ${String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  if (typeof options === 'string') console.log(options);
  else if (noVeth !== false) throw new Error(`bench: ${noVeth}`);
  else await inScope((scope) => measure(options, scope));
}

async function measure(options: Options, scope: Scope): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kcap-bench-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  process.env['TMPDIR'] = folder;

  // Of KCAP_TEST_BROKERS, or a Kafka of our own.
  const given = process.env['KCAP_TEST_BROKERS'];
  const kafka = given ? undefined : await startKafka(scope);
  const brokers = kafka?.brokers ?? given ?? '';
  // For the tests' rigs.
  process.env['KCAP_TEST_BROKERS'] = brokers;
  const session = {
    cluster: await Cluster.connect(brokers, scope),
    kafka,
    veth: await vethPair(scope.asTest),
    frames: new FrameFiles(folder),
    folder,
    properties: options.properties,
    seconds: options.seconds,
    probed: false,
    signal: stop.signal,
  };
  await measureCases(session, options);
}
