import { BOTH_OPTIONS, CONSUMER } from './bridge-options.js';
import type { OptionTable } from './command.js';

export const TOPIC_OPTIONS = {
  'kafka-broker': BOTH_OPTIONS['kafka-broker'],
  'kafka-topic': BOTH_OPTIONS['kafka-topic'],
  'kafka-config': BOTH_OPTIONS['kafka-config'],
  keep: {
    type: 'string',
    value: 'TIME',
    describe: 'how long packets are to be kept, such as 12h or 7d: warn if retention is shorter',
  },
  'key-unit': CONSUMER['key-unit'],
  json: { type: 'boolean', describe: 'print JSON, for programs' },
  'log-level': BOTH_OPTIONS['log-level'],
  'log-format': BOTH_OPTIONS['log-format'],
} satisfies OptionTable;
