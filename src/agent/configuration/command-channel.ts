import { z } from 'zod';
import { DURATION_MS, OPTIONAL_TEXT, section } from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { nearest } from '../../errors/nearest.js';
import { KAFKA_SHAPE } from '../../task/description/kafka-connection.js';
import { TOPIC_NAME } from '../../task/description/topic-name.js';

/** What an agent can be told to do, by the names that channels have for it. */
export const COMMAND_NAMES = [
  ...['task_create', 'task_delete', 'task_list', 'task_status', 'task_update'],
  ...['task_stop', 'task_start', 'task_filter', 'interface_list', 'capture'],
  ...['config_reload', 'daemon_status', 'daemon_stats', 'daemon_shutdown'],
] as const;

/** Commands over Kafka, unless the configuration names others. */
const USUAL = COMMAND_NAMES.filter((name) => name !== 'daemon_shutdown');

const ALLOW = z.array(z.string()).transform((names, context): readonly string[] => {
  for (const [index, name] of names.entries())
    if (!COMMAND_NAMES.some((known) => known === name)) {
      const meant = nearest(name, COMMAND_NAMES);
      context.addIssue({
        ...{ code: 'custom', path: [index] },
        message: withRemedy(
          `${name}: no such command`,
          meant === undefined
            ? `use some of: ${COMMAND_NAMES.join(', ')}`
            : `did you mean ${meant}?`,
        ),
      });
    }
  return names;
});

/** Commands that come over Kafka. */
export const COMMAND_CHANNEL = section({
  enabled: z.boolean().default(false).describe('take commands from a topic'),
  type: z.literal('kafka').default('kafka').describe('kafka is the only one'),
  kafka: section({
    ...KAFKA_SHAPE,
    topic: TOPIC_NAME.describe('where commands come from'),
    response_topic: TOPIC_NAME.describe('where answers go; none: nowhere'),
    group_id: OPTIONAL_TEXT.describe('consumer group, of this agent only (kcap-HOST)'),
    auto_offset_reset: z
      .enum(['latest', 'earliest'])
      .default('latest')
      .describe('where a new group begins'),
  })
    .prefault({})
    .describe('the topics'),
  command_ttl: DURATION_MS.prefault('5m').describe('older commands are refused'),
  allow: ALLOW.optional().describe('which commands (all but daemon_shutdown)'),
});

export const USUAL_COMMANDS: readonly string[] = USUAL;
