import type { Logger } from 'pino';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
type Level = (typeof LEVELS)[number];

/** A log whose records somebody else takes, as lines of JSON. */
export interface CarriedLog {
  readonly log: Logger;
  /** From now on, only records of this level and above are given. */
  use(level: string): void;
}

export async function openCarriedLog(
  level: string,
  give: (record: string) => void,
): Promise<CarriedLog> {
  const { default: pino } = await import('pino');
  let least = LEVELS.indexOf(levelOf(level));
  const log = pino(
    { level: 'debug', base: null, timestamp: false, formatters: { level: (label) => ({ label }) } },
    {
      write: (record) => {
        const [, label = ''] = /^\{"label":"([a-z]+)"/.exec(record) ?? [];
        if (LEVELS.indexOf(levelOf(label)) >= least) give(record);
      },
    },
  );
  return {
    log,
    use: (next) => {
      least = LEVELS.indexOf(levelOf(next));
    },
  };
}

/** Logs a record of another thread's. */
export function logAgain(record: string, log: Logger): void {
  const { label, msg, ...fields } = JSON.parse(record) as Record<string, unknown>;
  log[levelOf(label)](fields, typeof msg === 'string' ? msg : '');
}

/** pino's nearest level: `silent` logs nothing but what is fatal. */
function levelOf(label: unknown): Level {
  return LEVELS.find((level) => level === label) ?? 'fatal';
}
