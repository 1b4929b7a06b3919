import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What a test file may need a process of its own for: it starts processes or threads, has brokers, networks or disks of
 * its own, measures the process, sets its clock or its environment, or has hooks that would be everybody's. Files with
 * random input take long; they run beside others.
 */
const OWN_PROCESS = [
  /^(?:before|after|beforeEach|afterEach)\(/m,
  /^(?:const .* = )?await\b/m,
  /\bprocess\.|\bmock\b|\bhostile\b/,
  /from ['"]node:(?:child_process|worker_threads|net|http|dgram)['"]/,
  /from ['"](?:fast-check|node-rdkafka|pino)['"]/,
  /\/(?:assert-flat|capturing-agent|cloudshark-server|collect-garbage|free-port|in-memory|kcap|kcap-run|log)\.js['"]/,
  /\/(?:loopback-capture|moto-server|mosquitto|mutations|net-namespace|peer|process-memory|real-kafka)\.js['"]/,
  /\/(?:redis-server|repository|run-command|running-agent|sink-contract|small-disk|source-contract)\.js['"]/,
  /\/(?:test-brokers|thread-time|tied-process|topic|traffic|veth)\.js['"]/,
];

/** Shares compiled test files out to those that can run in one process, and those that each have their own. */
export async function unitFiles(
  files: readonly string[],
): Promise<{ readonly units: readonly string[]; readonly others: readonly string[] }> {
  const units: string[] = [];
  const others: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const own = OWN_PROCESS.some((pattern) => pattern.test(text));
    (own ? others : units).push(file);
  }
  return { units, others };
}

/** Writes a test file into a folder that has the tests of all of these. */
export async function together(files: readonly string[], folder: string): Promise<string> {
  const file = path.join(folder, 'units.test.mjs');
  await writeFile(file, files.map((unit) => `import '${pathToFileURL(unit).href}';\n`).join(''));
  return file;
}

/** Whether a test stands in this compiled test file, by the place that the runner names. */
export function standsIn(file: string, place: string | undefined): boolean {
  const name = file.replace(/^.*\/dist-test\/(.*)\.js$/, '$1');
  return place?.endsWith(`/${name}.ts`) === true || place?.endsWith(`/${name}.js`) === true;
}
