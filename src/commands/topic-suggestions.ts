import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors/user-error.js';
import { Cluster } from '../kafka/cluster.js';
import { openLog } from '../terminal/logging.js';
import { plainWords } from './argv.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { parseProperties } from './kafka-arguments.js';

/** Nobody waits longer at a TAB key. */
const LIMIT_MS = 2000;

/** The topics of the brokers that a command line names, or KCAP_CONFIG; none where they don't answer soon. */
export async function topicSuggestions(words: readonly string[]): Promise<readonly string[]> {
  return Promise.race([topicNames(words), delay(LIMIT_MS, [], { ref: false })]);
}

async function topicNames(words: readonly string[]): Promise<readonly string[]> {
  const log = await openLog({ level: 'error', format: 'text' }, () => undefined);
  try {
    const plain = plainWords(words, BRIDGE_OPTIONS);
    const valuesOf = (name: string) =>
      plain.flatMap((word) => (word.startsWith(`--${name}=`) ? [word.slice(name.length + 3)] : []));
    const given = {
      'kafka-broker': valuesOf('kafka-broker').at(-1),
      'kafka-config': valuesOf('kafka-config'),
    };
    const use = { role: 'consumer', mode: '--consumer' } as const;
    return await Cluster.topicNames(parseProperties(given, use, log), log);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
