import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import type { RealKafka } from '#support/real-kafka.js';
import { sampleProcess } from './process-sample.js';

/** What a turn has cost the broker. */
export interface BrokerCost {
  readonly cpuSeconds: number;
  /** Of the topic's segments. */
  readonly diskBytes: number;
}

/** The broker's CPU time so far; undefined where it is not ours to look at. */
export async function brokerCpu(kafka: RealKafka | undefined): Promise<number | undefined> {
  return kafka?.pid === undefined ? undefined : (await sampleProcess(kafka.pid)).cpuSeconds;
}

/** What it has cost since then, and what the topic takes on its disk. */
export async function brokerCost(
  kafka: RealKafka | undefined,
  since: number | undefined,
  topic: string,
): Promise<BrokerCost | undefined> {
  const now = await brokerCpu(kafka);
  if (!kafka || now === undefined || since === undefined) return undefined;
  return { cpuSeconds: now - since, diskBytes: await diskBytes(kafka.dataFolder, topic) };
}

async function diskBytes(folder: string, topic: string): Promise<number> {
  const partitions = (await readdir(folder)).filter((name) => name.startsWith(`${topic}-`));
  const files = await Promise.all(
    partitions.map(async (partition) =>
      (await readdir(path.join(folder, partition)))
        .filter((name) => name.endsWith('.log'))
        .map((name) => path.join(folder, partition, name)),
    ),
  );
  const sizes = await Promise.all(files.flat().map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
