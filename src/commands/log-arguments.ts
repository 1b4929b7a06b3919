import { usageError } from '../errors/user-error.js';
import { defaultLogFormat, type LogOptions } from '../terminal/logging.js';
import type { Arguments } from './command.js';
import { LOG } from './log-options.js';
import { parseChoice } from './values.js';

/** pycapa's names, Python's second name for WARN included. */
const LEVELS: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
};

export function parseLogOptions(
  args: Pick<Arguments<typeof LOG>, 'log-level' | 'log-format'>,
): LogOptions {
  const { 'log-level': level, 'log-format': format } = args;
  const known = LEVELS[level.toUpperCase()];
  if (known === undefined)
    throw usageError(
      `-ll ${level}`,
      'no such log level',
      `use one of: ${LOG['log-level'].oneOf.join(', ')}`,
    );
  return {
    level: known,
    format:
      format === undefined
        ? defaultLogFormat()
        : parseChoice('--log-format', format, LOG['log-format'].oneOf),
  };
}
