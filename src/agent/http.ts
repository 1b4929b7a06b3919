import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { systemCause } from '../errors/system-error.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';

/** A scraper and some people; further connections are turned away, and silent ones are closed. */
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
const REQUEST_LIMIT_MS = 5_000;
const SILENCE_LIMIT_MS = 10_000;

const TEXT = 'text/plain; charset=utf-8';

/** Where to listen. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

/** What it serves. */
export interface HttpPages {
  /** Metrics, and their media type. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  /** What should run and does not, a line each. */
  readonly notReady: () => readonly string[];
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Metrics and health over HTTP. */
export class HttpServer {
  readonly #server: Server;
  readonly #pages: HttpPages;
  readonly #log: Logger;
  #metricsPath: string;
  /** Those who ask at the same time share an answer. */
  #asked: Promise<Page> | undefined;

  private constructor(metricsPath: string, pages: HttpPages, log: Logger) {
    this.#metricsPath = metricsPath;
    this.#pages = pages;
    this.#log = log;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: REQUEST_LIMIT_MS,
        requestTimeout: REQUEST_LIMIT_MS,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.timeout = SILENCE_LIMIT_MS;
  }

  /** Throws a UserError where nobody may listen there. */
  static async open(
    { host, port }: HttpAddress,
    {
      metricsPath,
      pages,
      log,
    }: { readonly metricsPath: string; readonly pages: HttpPages; readonly log: Logger },
  ): Promise<HttpServer> {
    const http = new HttpServer(metricsPath, pages, log);
    http.#server.listen(port, host);
    try {
      await once(http.#server, 'listening');
    } catch (error) {
      const remedy =
        codeOf(error) === 'EADDRINUSE'
          ? 'choose another one, or end what listens there'
          : undefined;
      throw new UserError(`metrics.listen ${shown(host, port)}`, systemCause(error), { remedy });
    }
    http.#server.on('error', (error) => {
      log.warn(`metrics: ${messageOf(error)}`);
    });
    log.info(`metrics at http://${http.address}${metricsPath}, health at /healthz and /readyz`);
    return http;
  }

  /** As in a URL; the port is the system's choice where 0 was asked for. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return shown(address, port);
  }

  /** Where metrics are from now on. */
  setMetricsPath(path: string): void {
    this.#metricsPath = path;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nobody is to wait for a body that nobody reads.
    request.resume();
    const { status, type, text } = await this.#page(request);
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(text),
      ...(status === 405 && { Allow: 'GET, HEAD' }),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  async #page({ method, url = '' }: IncomingMessage): Promise<Page> {
    if (method !== 'GET' && method !== 'HEAD') return page(405, 'only GET and HEAD');
    const [path] = url.split('?', 1);
    switch (path) {
      case this.#metricsPath:
        return this.#metrics();
      case '/healthz':
        return page(200, 'ok');
      case '/readyz': {
        const missing = this.#pages.notReady();
        return missing.length === 0 ? page(200, 'ok') : page(503, missing.join('\n'));
      }
      default:
        return page(404, `${this.#metricsPath}, /healthz and /readyz are here`);
    }
  }

  async #metrics(): Promise<Page> {
    this.#asked ??= this.#pages
      .metrics()
      .then(
        ({ type, text }) => ({ status: 200, type, text }),
        (error: unknown) => {
          this.#log.error({ err: error }, `metrics: ${messageOf(error)}`);
          return page(500, messageOf(error));
        },
      )
      .finally(() => {
        this.#asked = undefined;
      });
    return this.#asked;
  }
}

function page(status: number, text: string): Page {
  return { status, type: TEXT, text: `${text}\n` };
}

function shown(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
