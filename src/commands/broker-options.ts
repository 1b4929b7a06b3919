import type { OptionTable } from './command.js';

export const BROKER_OPTIONS = {
  port: {
    type: 'string',
    value: 'N',
    describe: 'port to listen on (default 0: any free one)',
    default: '0',
  },
  topic: {
    type: 'string',
    array: true,
    value: 'NAME[:PARTITIONS]',
    describe: 'a topic to create (default 1 partition); repeatable',
    default: [],
  },
} satisfies OptionTable;
