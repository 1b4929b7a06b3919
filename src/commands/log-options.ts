import { usageError } from '../errors/user-error.js';
import { defaultLogFormat, type LogOptions } from '../terminal/logging.js';
import { parseChoice } from './values.js';

/** pycapa's names, Python's second name for WARN included. */
const LEVELS: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
};

export function parseLogOptions(level: string, format: string | undefined): LogOptions {
  const known = LEVELS[level.toUpperCase()];
  if (known === undefined)
    throw usageError(`-ll ${level}`, 'no such log level', 'use one of: DEBUG, INFO, WARN, ERROR');
  return {
    level: known,
    format:
      format === undefined
        ? defaultLogFormat()
        : parseChoice('--log-format', format, ['text', 'json'] as const),
  };
}
