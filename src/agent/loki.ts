import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import { ownHttpAgents, type HttpAgents } from '../net/own-http.js';

/** How long Loki may take to answer. */
const ANSWER_LIMIT_MS = 10_000;

export interface LokiOptions {
  /** Where records are pushed to, such as http://loki:3100/loki/api/v1/push; with USER:PASSWORD@ where it wants to know who. */
  readonly endpoint: string;
  /** Of every record. A record's level is a label as well. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Loki refuses these records for good; it may take others. */
export class LokiRefused extends Error {}

/** Pushes log records to Grafana Loki. */
export class Loki {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #labels: LokiOptions['labels'];
  readonly #agents = ownHttpAgents({ keepAlive: true });

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
    const { status, reason, text } = await post(this.#url, this.#agents, {
      headers: this.#headers,
      body: JSON.stringify({ streams: this.#streams(records) }),
    });
    if (status >= 200 && status < 300) return;
    const why = `${status} ${reason}: ${text.trim().slice(0, 200)}`;
    // Records are for this server alone, wherever it sends others.
    const mayPass = status >= 500 || status === 429 || status < 400;
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

async function post(
  url: URL,
  agents: HttpAgents,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
): Promise<{ status: number; reason: string; text: string }> {
  const options = { method: 'POST', headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) };
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: agents.https })
      : httpRequest(url, { ...options, agent: agents.http });
  // Also while the answer is read, which throws it then.
  request.on('error', () => undefined);
  const answered = once(request, 'response');
  request.end(body);
  const [response] = (await answered) as [IncomingMessage];
  const { statusCode: status = 0, statusMessage: reason = '' } = response;
  return { status, reason, text: await textOf(response) };
}
