import type { Logger } from 'pino';
import type { CaptureResult } from './capture-result.js';

/** Where messages come from. */
export type TriggerSource = 'redis' | 'sqs' | 'kafka' | 'socket';

/** Characters of a message that the log shows. */
const SHOWN_CHARACTERS = 2000;

/** Logs and counts what becomes of capture messages. */
export class CaptureLog {
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** How many captures of each source had each result, and how many were `refused`. */
  *counts(): Iterable<{ source: string; result: string; count: number }> {
    for (const [key, count] of this.#counts) {
      const [source = '', result = ''] = key.split(' ');
      yield { source, result, count };
    }
  }

  /** A message, as it came. */
  message(source: TriggerSource, text: string): void {
    const message = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
    this.#log.info({ event: 'capture-message', source, message }, `capture message from ${source}`);
  }

  /** Fields of a message that mean nothing to kcap. */
  ignored(source: TriggerSource, fields: readonly string[]): void {
    this.#log.warn(`capture message from ${source}: ignored: ${fields.join(', ')}`);
  }

  bug(source: TriggerSource, error: unknown): void {
    this.#log.error({ event: 'bug', err: error }, `capture message from ${source}: a bug in kcap`);
  }

  refused(source: TriggerSource, problem: string): void {
    this.#count(source, 'refused');
    this.#log.warn(
      { event: 'capture-refused', source },
      `capture message from ${source} refused: ${problem}`,
    );
  }

  started(
    source: TriggerSource,
    capture: { readonly interface: string; readonly file: string; readonly filter: string },
  ): void {
    const { file, interface: name } = capture;
    this.#log.info(
      { event: 'capture-started', source, ...capture },
      `${file}: capturing on ${name} for ${source}`,
    );
  }

  /** A capture that was not made. */
  failed(source: TriggerSource, { interface: name, result, error = '' }: CaptureResult): void {
    this.#count(source, result);
    this.#log.error(
      { event: 'capture-failed', source, interface: name },
      `capture on ${name} for ${source}: ${error.replace(`capture on ${name}: `, '')}`,
    );
  }

  /** A capture that was made, with the summary of its run. */
  ended(source: TriggerSource, result: CaptureResult, summary: object): void {
    this.#count(source, result.result);
    const { file = '', packets = 0, bytes = 0, targets = [], ended_by = '', error } = result;
    const places = targets.map((target) =>
      target.result === 'lost' ? `${target.target}: lost` : target.where,
    );
    const went = packets === 0 ? 'no packet, nothing is sent' : places.join(', ');
    const why = error === undefined ? `ended by ${ended_by}` : error;
    this.#log.info(
      { event: 'capture-ended', source, ...summary, ...result },
      `${file}: ${packets} packet(s), ${bytes} bytes, ${why}: ${went}`,
    );
  }

  #count(source: TriggerSource, result: CaptureResult['result'] | 'refused'): void {
    const key = `${source} ${result}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
