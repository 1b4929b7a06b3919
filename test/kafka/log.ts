import { type Logger, pino } from 'pino';

/** A log that keeps its records, without time and process. */
export function keptLog(): { readonly log: Logger; readonly records: Record<string, unknown>[] } {
  const records: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (line) => records.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log, records };
}
