import type { LogFn, Logger } from 'pino';
import { messageOf, type UserError } from '../errors/user-error.js';
import { printable } from './printable.js';
import { dropNotice, isTerminal, showsColours, standardError } from './standard-error.js';
import { statusLine } from './status-line.js';

export type LogFormat = 'text' | 'json';

export interface LogOptions {
  readonly level: string;
  readonly format: LogFormat;
}

/** Text for people at a terminal, JSON for programs. */
export function defaultLogFormat(): LogFormat {
  return isTerminal() ? 'text' : 'json';
}

/**
 * The log goes to standard error: standard output is the packets'. With `write`, whole lines go there instead, each with
 * its time where it is text.
 */
export async function openLog(
  { level, format }: LogOptions,
  write?: (lines: string) => void,
): Promise<Logger> {
  // Loaded on use, as pino-pretty is: not every command logs, and it takes a good part of the start's time.
  const { default: pino } = await import('pino');
  const lineOf =
    format === 'json' ? (record: string) => record : await textFormat(write !== undefined);
  if (!write) standardError.wordNotice((dropped) => lineOf(dropRecord(dropped)));
  return pino(
    {
      level,
      // JSON has none of them.
      ...(format === 'text' && { hooks: { logMethod: logPrintable } }),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (record) => {
        (write ?? writeToTerminal)(lineOf(record));
      },
    },
  );
}

function logPrintable(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  const shown = args.map((arg: unknown) => (typeof arg === 'string' ? printable(arg) : arg));
  log.apply(this, shown as Parameters<LogFn>);
}

function writeToTerminal(lines: string): void {
  statusLine.write(lines);
}

/** @param elsewhere than on standard error: without colours, and with the time of day */
async function textFormat(elsewhere: boolean): Promise<(record: string) => string> {
  const { default: pretty } = await import('pino-pretty');
  return pretty.prettyFactory(
    elsewhere
      ? { colorize: false, translateTime: 'SYS:HH:MM:ss.l', hideObject: true }
      : { colorize: showsColours(), ignore: 'time', hideObject: true },
  );
}

function dropRecord(dropped: number): string {
  const time = new Date().toISOString();
  const msg = dropNotice(dropped);
  return `${JSON.stringify({ level: 'warn', time, event: 'log-dropped', lines: dropped, msg })}\n`;
}

/** Shows an error that ends the program: in the log's format, but usage errors always as text. */
export function showError(error: UserError, log?: { logger: Logger; format: LogFormat }): void {
  if (log?.format === 'json' && error.exitStatus !== 2) {
    log.logger.error({ event: 'error', remedy: error.remedy }, `kcap: ${error.message}`);
    return;
  }
  const remedy = error.remedy === undefined ? '' : `${error.remedy}\n`;
  standardError.write(printable(`kcap: ${error.message}\n${remedy}`));
}

/** Shows an error that is a bug of kcap's, with where it was thrown. */
export function showBug(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error);
  standardError.write(`${printable(`kcap: a bug in kcap: ${text}`)}\n`);
}
