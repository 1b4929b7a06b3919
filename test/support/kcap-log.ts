/** One line of kcap's log, which is JSON where standard error is not a terminal. */
export type LogRecord = Readonly<Record<string, unknown>> & { readonly event?: unknown };

const INTEGERS = [
  'packets_in',
  'packets_out',
  'packets_failed',
  'packets_filtered',
  'packets_skipped',
  'packets_spooled',
  'dropped_kernel',
  'dropped_interface',
  'bytes_in',
  'bytes_out',
] as const;

/** The record that ends each run, with the fields that CLI.md fixes. */
export type Summary = Readonly<Record<(typeof INTEGERS)[number], number>> & {
  /** Consumer only. */
  readonly time_from_kafka?: number;
  readonly duration_s: number;
  /** Of a run with several ends, each end's own. */
  readonly branches?: Readonly<Record<string, Readonly<Record<(typeof INTEGERS)[number], number>>>>;
};

/** The lines that are JSON objects; others (usage errors are text in either format) are left out. */
export function logRecords(text: string): LogRecord[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isRecord(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

function isRecord(value: unknown): value is LogRecord {
  return typeof value === 'object' && value !== null;
}

/** The summary among these records, if there is one; throws where its fields are not what they must be. */
export function summaryOf(records: readonly LogRecord[]): Summary | undefined {
  const summaries = records.filter(({ event }) => event === 'summary');
  const [summary] = summaries;
  if (!summary) return undefined;
  if (summaries.length > 1) throw new Error(`${summaries.length} summaries instead of one`);
  for (const name of INTEGERS) {
    if (!Number.isSafeInteger(summary[name])) {
      throw new Error(`The summary's ${name} is not an integer: ${JSON.stringify(summary)}`);
    }
  }
  if (typeof summary['duration_s'] !== 'number') {
    throw new Error(`The summary's duration_s is not a number: ${JSON.stringify(summary)}`);
  }
  return summary as unknown as Summary;
}
