import { Writable } from 'node:stream';
import { pino, type DestinationStream, type LogFn, type Logger } from 'pino';
import type { UserError } from '../errors/user-error.js';
import { printable } from './printable.js';
import { statusLine } from './status-line.js';

const STANDARD_ERROR = 2;

export type LogFormat = 'text' | 'json';

export interface LogOptions {
  readonly level: string;
  readonly format: LogFormat;
}

/** Text for people at a terminal, JSON for programs. */
export function defaultLogFormat(): LogFormat {
  return process.stderr.isTTY ? 'text' : 'json';
}

/** The log goes to standard error: standard output is the packets'. */
export async function openLog({ level, format }: LogOptions): Promise<Logger> {
  const destination: DestinationStream =
    format === 'json'
      ? pino.destination({ dest: STANDARD_ERROR, sync: true })
      : await textDestination();
  return pino(
    {
      level,
      // JSON has none of them.
      ...(format === 'text' && { hooks: { logMethod: logPrintable } }),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

function logPrintable(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  const shown = args.map((arg: unknown) => (typeof arg === 'string' ? printable(arg) : arg));
  log.apply(this, shown as Parameters<LogFn>);
}

async function textDestination(): Promise<DestinationStream> {
  // Loaded on use: it would take a good part of the start's time.
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    destination: new Writable({
      decodeStrings: false,
      write: (lines: string, _encoding, done) => {
        statusLine.write(lines);
        done();
      },
    }),
    colorize: process.stderr.isTTY,
    ignore: 'time',
    hideObject: true,
  });
}

/** Shows an error that ends the program: in the log's format, but usage errors always as text. */
export function showError(error: UserError, log?: { logger: Logger; format: LogFormat }): void {
  if (log?.format === 'json' && error.exitStatus !== 2) {
    log.logger.error({ event: 'error', remedy: error.remedy }, `kcap: ${error.message}`);
    return;
  }
  const remedy = error.remedy === undefined ? '' : `${error.remedy}\n`;
  process.stderr.write(printable(`kcap: ${error.message}\n${remedy}`));
}
