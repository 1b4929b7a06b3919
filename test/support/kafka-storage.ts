import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { KAFKA_JAVA } from './kafka-java.js';
import { repository } from './repository.js';
import { runCommand } from './run-command.js';

/** Any 16 bytes will do; this writes them in the form that the tool takes. */
const CLUSTER_ID = Buffer.from('kcap test broker').toString('base64url');
/** What every new broker's folder holds besides its name. Java takes seconds to write it, so it is kept. */
const BOOTSTRAP = 'bootstrap.checkpoint';
const KEPT = `${repository}.cache/kafka/storage`;

export interface Storage {
  readonly nodeId: number;
  readonly dataFolder: string;
  readonly propertiesFile: string;
  /** Options of the tool, such as --add-scram. */
  readonly options: readonly string[];
}

/** Makes a broker's folder ready, as kafka-storage.sh does. */
export async function formatStorage(storage: Storage): Promise<void> {
  const { dataFolder, nodeId, options } = storage;
  if (options.length > 0) return format(storage);
  await mkdir(dataFolder, { recursive: true });
  const kept = path.join(KEPT, BOOTSTRAP);
  const target = path.join(dataFolder, BOOTSTRAP);
  await copyFile(kept, target).catch(async () => {
    await format(storage);
    await keep(target);
  });
  const directoryId = randomBytes(16).toString('base64url');
  await writeFile(
    path.join(dataFolder, 'meta.properties'),
    `version=1\ncluster.id=${CLUSTER_ID}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`,
  );
}

async function format({ propertiesFile, options }: Storage): Promise<void> {
  await runCommand(
    ...KAFKA_JAVA,
    'kafka.tools.StorageTool',
    'format',
    `--cluster-id=${CLUSTER_ID}`,
    '-c',
    propertiesFile,
    ...options,
  );
}

/** Several test files may do so at once. */
async function keep(file: string): Promise<void> {
  await mkdir(KEPT, { recursive: true });
  const own = await mkdtemp(path.join(KEPT, 'new-'));
  await copyFile(file, path.join(own, BOOTSTRAP));
  await rename(path.join(own, BOOTSTRAP), path.join(KEPT, BOOTSTRAP));
  await rm(own, { recursive: true });
}
