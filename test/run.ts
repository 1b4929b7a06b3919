import { setMaxListeners } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { setExtraAuthoritiesAside } from './support/extra-authorities.js';
import { COSTS_FILE } from './support/file-costs.js';
import { archiveKafkaClasses } from './support/kafka-class-archive.js';
import { startRealKafka } from './support/real-kafka.js';
import { runTestFiles } from './support/run-test-files.js';
import { findTestFiles } from './support/test-files.js';

/**
 * `node dist-test/run.js [--times] [PATTERN]...`: runs the tests whose file's path contains one of the patterns (all
 * without a pattern) against one real Kafka; says at the end what each file has cost (--times). Whatever happens, what
 * it started is stopped and what it made is removed.
 */

const stop = new AbortController();
// Node's runner listens once for each file.
setMaxListeners(0, stop.signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.exitCode = 128 + constants.signals[signal];
    stop.abort();
  });
}

const { values: options, positionals: patterns } = parseArgs({
  options: { times: { type: 'boolean', default: false } },
  allowPositionals: true,
});

setExtraAuthoritiesAside();
await inTempFolder(() => withCluster(runTests));

async function runTests(): Promise<void> {
  const files = await findTestFiles(patterns);
  if (options.times) process.env[COSTS_FILE] = path.join(tmpdir(), 'costs');
  const complaints = await runTestFiles(files, {
    signal: stop.signal,
    folder: tmpdir(),
    skipAllowed: process.env['CI'] !== 'true',
    costsFile: process.env[COSTS_FILE],
  });
  // Node's report ends without a line end where a test has failed.
  if (complaints.length > 0) console.error();
  for (const complaint of complaints) console.error(`kcap: tests: ${complaint}`);
  if (complaints.length > 0) process.exitCode ??= 1;
}

/** All temporary files of the tests go into one folder, and with it, also those of a test that was killed. */
async function inTempFolder(use: () => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kcap-test-'));
  // Tests also run kcap as somebody who is not root.
  await chmod(folder, 0o755);
  process.env['TMPDIR'] = folder;
  try {
    await use();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lends the cluster that KCAP_TEST_BROKERS names, or starts one, which the tests find by that same name. */
async function withCluster(use: () => Promise<void>): Promise<void> {
  await archiveKafkaClasses();
  if (process.env['KCAP_TEST_BROKERS']) {
    await use();
    return;
  }
  // Nobody restarts this one, and on a machine as busy as some tests make it, it must not take itself for dead.
  const kafka = await startRealKafka({
    lasting: true,
    properties: { 'broker.session.timeout.ms': '9000' },
  });
  process.env['KCAP_TEST_BROKERS'] = kafka.brokers;
  try {
    await use();
  } finally {
    await kafka.close();
  }
}
