import { isDeepStrictEqual } from 'node:util';
import type { AgentConfiguration } from './configuration/configuration.js';

/** What has changed in a configuration, by its keys. */
export interface Changes {
  /** What holds from now on. */
  readonly changed: readonly string[];
  /** What takes effect when the agent is started again. */
  readonly restart: readonly string[];
}

interface Key {
  readonly key: string;
  readonly of: (configuration: AgentConfiguration) => unknown;
}

/** What holds as soon as it is read: tasks that run keep running as they began. */
const AT_ONCE: readonly Key[] = [
  { key: 'log.level', of: ({ log }) => log.level },
  { key: 'log.format', of: ({ log }) => log.format },
  { key: 'log.outputs.file', of: ({ log }) => log.file },
  { key: 'log.outputs.loki', of: ({ log }) => log.loki },
  { key: 'metrics', of: ({ metrics }) => metrics },
  { key: 'command_channel', of: ({ commandChannel }) => commandChannel },
  { key: 'resources', of: ({ resources }) => resources },
  { key: 'kafka', of: ({ kafka }) => kafka },
  { key: 'reporters.kafka', of: ({ reporters }) => reporters.kafka },
  { key: 'reporters.hep', of: ({ reporters }) => reporters.hep },
  { key: 'reporters.mqtt', of: ({ reporters }) => reporters.mqtt },
  { key: 'backpressure', of: ({ backpressure }) => backpressure },
  { key: 'core.decoder', of: ({ decoder }) => decoder },
  {
    key: 'triggers.general',
    of: ({ triggers }) => ({ ...triggers.general, localFolder: '', maxCaptures: 0 }),
  },
  { key: 'triggers.interface', of: ({ triggers }) => triggers.interfaces },
];

const AFTER_RESTART: readonly Key[] = [
  { key: 'node', of: ({ node }) => node },
  { key: 'control', of: ({ control }) => control },
  { key: 'data_dir', of: ({ dataDir }) => dataDir },
  { key: 'task_persistence', of: ({ taskPersistence }) => taskPersistence },
  { key: 'triggers.general.localdir', of: ({ triggers }) => triggers.general.localFolder },
  { key: 'triggers.general.maxcaptures', of: ({ triggers }) => triggers.general.maxCaptures },
  { key: 'triggers.redis', of: ({ triggers }) => triggers.redis },
  { key: 'triggers.sqs', of: ({ triggers }) => triggers.sqs },
  { key: 'triggers.kafka', of: ({ triggers }) => triggers.kafka },
  { key: 'triggers.socket', of: ({ triggers }) => triggers.socket },
  { key: 'triggers.s3', of: ({ triggers }) => triggers.s3 },
  { key: 'triggers.cloudshark', of: ({ triggers }) => triggers.cloudshark },
];

/** What is different in `next`. */
export function changesBetween(before: AgentConfiguration, next: AgentConfiguration): Changes {
  const differing = (keys: readonly Key[]) =>
    keys.filter(({ of }) => !isDeepStrictEqual(of(before), of(next))).map(({ key }) => key);
  return { changed: differing(AT_ONCE), restart: differing(AFTER_RESTART) };
}

/** `next`, as far as it can hold at once. */
export function effective(
  before: AgentConfiguration,
  next: AgentConfiguration,
): AgentConfiguration {
  const { node, control, dataDir, taskPersistence, triggers } = before;
  const { localFolder, maxCaptures } = triggers.general;
  const general = { ...next.triggers.general, localFolder, maxCaptures };
  const { interfaces } = next.triggers;
  return {
    ...next,
    ...{ node, control, dataDir, taskPersistence },
    triggers: { ...triggers, general, interfaces },
  };
}

/** For people. */
export function wordsFor({ changed, restart }: Changes): string {
  const now = changed.length === 0 ? 'nothing has changed' : changed.join(', ');
  return restart.length === 0
    ? `reloaded: ${now}`
    : `reloaded: ${now}; after a restart only: ${restart.join(', ')}`;
}
