import { systemCause } from '../errors/system-error.js';
import { messageOf } from '../errors/user-error.js';
import { LogCarrier } from './log-carrier.js';
import { LogFile, type LogFileOptions } from './log-file.js';
import { Loki, LokiRefused, type LokiOptions } from './loki.js';

/** How many records go into a file at once. */
const FILE_BATCH_RECORDS = 1_000;

/** Where the log goes besides standard error. */
export interface LogOutputs {
  readonly file?: LogFileOptions | undefined;
  readonly loki?:
    (LokiOptions & { readonly batchRecords: number; readonly batchMs: number }) | undefined;
}

interface Output {
  /** What it was made of: a reload makes another one where this has changed. */
  readonly madeOf: string;
  readonly carrier: LogCarrier;
  readonly close: () => Promise<void>;
}

/** The log's ways to a file and to Loki, which may change while the agent runs. Standard error is not its concern. */
export class Logs {
  readonly #say: (text: string) => void;
  #outputs: readonly Output[] = [];

  /** @param say logs what is wrong with one of them, for the others */
  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** @param record a line of JSON as pino makes it */
  write(record: string): void {
    for (const { carrier } of this.#outputs) carrier.write(record);
  }

  /** From now on the log goes there. What waits for outputs that are no longer wanted is delivered, if that works at once. */
  async use({ file, loki }: LogOutputs): Promise<void> {
    const wanted = [
      ...(file ? [{ madeOf: JSON.stringify({ file }), make: () => this.#toFile(file) }] : []),
      ...(loki ? [{ madeOf: JSON.stringify({ loki }), make: () => this.#toLoki(loki) }] : []),
    ];
    const before = this.#outputs;
    this.#outputs = wanted.map(({ madeOf, make }) => {
      const same = before.find((output) => output.madeOf === madeOf);
      return same ?? { madeOf, ...make() };
    });
    const gone = before.filter((output) => !this.#outputs.includes(output));
    await Promise.all(gone.map((output) => output.close()));
  }

  /** Delivers what waits, if that works at once. */
  async close(): Promise<void> {
    await this.use({});
  }

  #toFile(options: LogFileOptions): Omit<Output, 'madeOf'> {
    const file = new LogFile(options);
    const carrier = new LogCarrier({
      deliver: (records) => file.append(records),
      batchRecords: FILE_BATCH_RECORDS,
      batchMs: 0,
      say: (text) => {
        this.#say(`log file ${options.path}: ${text}`);
      },
      wordsFor: systemCause,
    });
    return {
      carrier,
      close: async () => {
        await carrier.close();
        await file.close();
      },
    };
  }

  #toLoki({
    batchRecords,
    batchMs,
    ...options
  }: NonNullable<LogOutputs['loki']>): Omit<Output, 'madeOf'> {
    const loki = new Loki(options);
    const say = (text: string) => {
      this.#say(`Loki at ${loki.address}: ${text}`);
    };
    let hasRefused = false;
    const carrier = new LogCarrier({
      deliver: async (records) => {
        try {
          await loki.push(records);
          hasRefused = false;
        } catch (error) {
          if (!(error instanceof LokiRefused)) throw error;
          if (!hasRefused) say(`${error.message}; '${records.length}' log record(s) are lost`);
          hasRefused = true;
        }
      },
      ...{ batchRecords, batchMs, say },
      wordsFor: messageOf,
    });
    return { carrier, close: () => carrier.close() };
  }
}
