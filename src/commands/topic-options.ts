import type { OptionTable } from './command.js';
import { KAFKA } from './kafka-options.js';
import { LOG } from './log-options.js';

export const TOPIC_OPTIONS = {
  ...KAFKA,
  keep: {
    type: 'string',
    value: 'TIME',
    describe: 'how long packets are to be kept, such as 12h or 7d: warn if retention is shorter',
  },
  'key-unit': {
    type: 'string',
    value: 'UNIT',
    oneOf: ['us', 'ms', 'ns'],
    describe: 'what keys count: us (default), ms or ns',
    default: 'us',
  },
  json: { type: 'boolean', describe: 'print JSON, for programs' },
  ...LOG,
} as const satisfies OptionTable;
