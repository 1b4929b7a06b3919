import type { OptionTable } from './command.js';

/** What goes to standard error. */
export const LOG = {
  'log-level': {
    alias: 'll',
    type: 'string',
    value: 'LEVEL',
    oneOf: ['DEBUG', 'INFO', 'WARN', 'ERROR'],
    describe: 'DEBUG, INFO (default), WARN or ERROR',
    default: 'INFO',
  },
  'log-format': {
    type: 'string',
    value: 'FORMAT',
    oneOf: ['text', 'json'],
    describe: 'text (default on a terminal) or json (default elsewhere)',
  },
} as const satisfies OptionTable;
