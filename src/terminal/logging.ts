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

/** What records are like. */
const BASE = {
  base: null,
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label: string) => ({ level: label }) },
};

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
      ...BASE,
    },
    {
      write: (record) => {
        (write ?? writeToTerminal)(lineOf(record));
      },
    },
  );
}

/** A log whose level and format may change while it is used, by its children, too. */
export interface ChangingLog {
  readonly logger: Logger;
  change(options: LogOptions): Promise<void>;
}

/**
 * A log to standard error that may be changed.
 *
 * @param also takes each record that the level lets pass, a line of JSON
 */
export async function openChangingLog(
  options: LogOptions,
  also: (record: string) => void,
): Promise<ChangingLog> {
  const { default: pino } = await import('pino');
  // A child keeps the level that it was made with.
  const children = new Set<WeakRef<Logger>>();
  let lineOf = await formatOf(options);
  let isText = options.format === 'text';
  const use = async (next: LogOptions) => {
    lineOf = await formatOf(next);
    isText = next.format === 'text';
    standardError.wordNotice((dropped) => lineOf(dropRecord(dropped)));
  };
  await use(options);
  const logger: Logger = pino(
    {
      ...BASE,
      level: options.level,
      hooks: {
        logMethod(args, log) {
          if (isText) logPrintable.call(this, args, log);
          else log.apply(this, args);
        },
      },
      onChild: (child) => {
        for (const known of children) if (known.deref() === undefined) children.delete(known);
        children.add(new WeakRef(child));
      },
    },
    {
      write: (record) => {
        also(record);
        writeToTerminal(lineOf(record));
      },
    },
  );
  return {
    logger,
    change: async (next) => {
      await use(next);
      for (const child of children) setLevel(child.deref(), next.level);
      setLevel(logger, next.level);
    },
  };
}

function setLevel(log: Logger | undefined, level: string): void {
  if (log) log.level = level;
}

async function formatOf({ format }: LogOptions): Promise<(record: string) => string> {
  return format === 'json' ? (record: string) => record : textFormat(false);
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
