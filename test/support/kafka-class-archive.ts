import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';

import { CLASS_ARCHIVE } from './kafka-java.js';
import { startRealKafka } from './real-kafka.js';

/** Has a Kafka start and end, and keep what makes those quick that start later; does nothing where that is there. */
export async function archiveKafkaClasses(): Promise<void> {
  if (existsSync(CLASS_ARCHIVE)) return;
  // Who else does so at the same time has a file of his own.
  const own = `${CLASS_ARCHIVE}.${process.pid}`;
  const kafka = await startRealKafka({ archiveClassesTo: own });
  await kafka.stop();
  await kafka.close();
  // A broker that took too long for its end has left none; the others are slower then.
  await rename(own, CLASS_ARCHIVE).catch(() => undefined);
}
