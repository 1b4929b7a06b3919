import { usageError } from '../errors/user-error.js';
import { defaultLogFormat, type LogOptions } from '../terminal/logging.js';
import type { Arguments, OptionTable } from './command.js';
import { parseChoice } from './values.js';

/** pycapa's names, Python's second name for WARN included. */
const LEVELS: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
};
const SHOWN_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

/** What goes to standard error. */
export const LOG = {
  'log-level': {
    alias: 'll',
    type: 'string',
    value: 'LEVEL',
    oneOf: SHOWN_LEVELS,
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

export function parseLogOptions(args: Arguments<typeof LOG>): LogOptions {
  const { 'log-level': level, 'log-format': format } = args;
  const known = LEVELS[level.toUpperCase()];
  if (known === undefined)
    throw usageError(`-ll ${level}`, 'no such log level', `use one of: ${SHOWN_LEVELS.join(', ')}`);
  return {
    level: known,
    format:
      format === undefined
        ? defaultLogFormat()
        : parseChoice('--log-format', format, LOG['log-format'].oneOf),
  };
}
