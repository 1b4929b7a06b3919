import { messageOf } from '../errors/user-error.js';

/** How long Loki may take to answer. */
const ANSWER_LIMIT_MS = 10_000;

export interface LokiOptions {
  /** Where records are pushed to, such as http://loki:3100/loki/api/v1/push; with USER:PASSWORD@ where it wants to know who. */
  readonly endpoint: string;
  /** Of every record. A record's level is a label as well. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Loki has no use for these records, and will not have later: others may follow. */
export class LokiRefused extends Error {}

/** Pushes log records to Grafana Loki. */
export class Loki {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #labels: LokiOptions['labels'];

  constructor({ endpoint, labels }: LokiOptions) {
    this.#url = new URL(endpoint);
    const { username, password } = this.#url;
    const who = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers = {
      'Content-Type': 'application/json',
      ...(username !== '' && { Authorization: `Basic ${Buffer.from(who).toString('base64')}` }),
    };
    this.#url.username = this.#url.password = '';
    this.#labels = labels;
  }

  /** For people, without the password. */
  get address(): string {
    return this.#url.href;
  }

  /** Throws a LokiRefused where Loki does not take these records, and another error where it may take them later. */
  async push(records: readonly string[]): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ streams: this.#streams(records) }),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      // Records are for this server alone.
      redirect: 'error',
    });
    const text = await response.text();
    if (response.ok) return;
    const why = `${response.status} ${response.statusText}: ${text.trim().slice(0, 200)}`;
    const mayPass = response.status >= 500 || response.status === 429;
    throw mayPass ? new Error(why) : new LokiRefused(why);
  }

  /** By level, as a stream has one set of labels. */
  #streams(records: readonly string[]): unknown[] {
    const streams = new Map<string, [time: string, line: string][]>();
    for (const record of records) {
      const { level, time } = factsOf(record);
      const values = streams.get(level) ?? [];
      values.push([`${BigInt(time) * 1_000_000n}`, record.trimEnd()]);
      streams.set(level, values);
    }
    return [...streams].map(([level, values]) => ({ stream: { ...this.#labels, level }, values }));
  }
}

/** Time in ms since 1970. */
function factsOf(record: string): { readonly level: string; readonly time: number } {
  const { level, time } = JSON.parse(record) as { readonly level: string; readonly time: string };
  return { level, time: Date.parse(time) };
}

/** What went wrong, in words: fetch itself says only that it failed. */
export function wordsForFetch(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return messageOf(error);
}
