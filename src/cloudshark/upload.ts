import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { tlsRemedy } from '../errors/tls-remedy.js';

/** What makes the connections. */
export interface CloudsharkConnections {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** A CloudShark server, and the token that lets one in (its API, version 1). */
export interface CloudsharkServer {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** Undefined: the scheme's own. */
  readonly port: number | undefined;
  readonly token: string;
  /** Of the whole upload; 0: as long as something moves. */
  readonly timeoutMs: number;
  /** File with the authorities that sign the server's certificate, PEM; empty for the usual ones. */
  readonly ca: string;
}

export interface CloudsharkFile {
  readonly name: string;
  /** Its bytes, in order. */
  readonly chunks: readonly Buffer[];
  /** Comma-separated. */
  readonly tags: string;
}

/** Of a connection on which nothing moves. */
const SILENCE_LIMIT_MS = 30_000;
const MOST_ANSWER_BYTES = 64 * 1024;

/**
 * Uploads a capture file; gives where it can be seen. Verifies the server's certificate. Tries once, and throws an Error
 * that says what went wrong, never with the token in it.
 */
export async function uploadToCloudshark(
  server: CloudsharkServer,
  file: CloudsharkFile,
  giveUp: AbortSignal,
  connections?: CloudsharkConnections,
): Promise<string> {
  try {
    const { status, body } = await post(server, file, giveUp, connections);
    const answer = jsonOf(body);
    if (status !== 200) throw new Error(refusal(status, answer));
    const id = stringIn(answer, 'id');
    if (id === undefined) throw new Error('its answer has no id: no CloudShark listens there');
    return `${originOf(server)}/captures/${id}`;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const remedy = tlsRemedy(error, { address: 'cloudshark.host', authority: 'cloudshark.ca' });
    const text = remedy === undefined ? cause : `${cause}; ${remedy}`;
    const shown = server.token === '' ? text : text.replaceAll(server.token, '***');
    throw new Error(shown, { cause: error });
  }
}

async function post(
  server: CloudsharkServer,
  file: CloudsharkFile,
  giveUp: AbortSignal,
  connections: CloudsharkConnections | undefined,
): Promise<{ status: number; body: string }> {
  const { scheme, host, port, token, timeoutMs, ca } = server;
  const boundary = `kcap-${randomUUID()}`;
  const parts = multipart(boundary, file);
  const signal =
    timeoutMs === 0 ? giveUp : AbortSignal.any([giveUp, AbortSignal.timeout(timeoutMs)]);
  const options = {
    method: 'POST',
    host,
    port,
    path: `/api/v1/${encodeURIComponent(token)}/upload`,
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': parts.reduce((total, { length }) => total + length, 0),
    },
    agent: connections?.[scheme],
    timeout: SILENCE_LIMIT_MS,
    signal,
  };
  const request =
    scheme === 'http'
      ? httpRequest(options)
      : httpsRequest({
          ...options,
          ...(ca !== '' && { ca: await readFile(ca) }),
          ...(isIP(host) === 0 && { servername: host }),
        });
  request.on('timeout', () => {
    request.destroy(new Error('nothing has moved for 30 s'));
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  // A server that refuses may answer, and close, before it has read everything.
  const sent = pipeline(Readable.from(parts, { objectMode: false }), request);
  sent.catch(() => undefined);
  try {
    const response = await answered;
    return { status: response.statusCode ?? 0, body: await textOf(response) };
  } catch (error) {
    if (timeoutMs > 0 && signal.aborted && !giveUp.aborted)
      throw new Error(`not done within ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  } finally {
    request.destroy();
  }
}

function multipart(boundary: string, { name, chunks, tags }: CloudsharkFile): Buffer[] {
  const field = (disposition: string, ...headers: readonly string[]) =>
    [`--${boundary}`, `Content-Disposition: form-data; ${disposition}`, ...headers, '', ''].join(
      '\r\n',
    );
  const quoted = name.replaceAll(/[\r\n"]/g, '_');
  return [
    Buffer.from(
      field(`name="file"; filename="${quoted}"`, 'Content-Type: application/octet-stream'),
    ),
    ...chunks,
    Buffer.from(`\r\n${field('name="additional_tags"')}${tags}\r\n--${boundary}--\r\n`),
  ];
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    text += part as string;
    if (text.length > MOST_ANSWER_BYTES) throw new Error('its answer has no end');
  }
  return text;
}

/** The status, and what the server says of it (`exceptions`). */
function refusal(status: number, answer: unknown): string {
  const exceptions =
    typeof answer === 'object' && answer !== null && 'exceptions' in answer
      ? answer.exceptions
      : undefined;
  const texts = Array.isArray(exceptions)
    ? exceptions.filter((text) => typeof text === 'string')
    : [];
  const said = texts.join('; ').replaceAll(/\s+/g, ' ').slice(0, 300);
  const remedy = [401, 403].includes(status) ? '; check cloudshark.token' : '';
  return `status ${status}${said === '' ? '' : `: ${said}`}${remedy}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function stringIn(answer: unknown, name: string): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const value: unknown = Object.entries(answer).find(([key]) => key === name)?.[1];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && /^[\w-]{1,100}$/.test(value) ? value : undefined;
}

function originOf({ scheme, host, port }: CloudsharkServer): string {
  const usual = port === undefined || port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}${usual ? '' : `:${port}`}`;
}
