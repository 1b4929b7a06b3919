import { CODES, CommandError } from './command-error.js';

/** What stands for a request in its answer. */
export type RequestId = string | number | null;

/** A request of JSON-RPC 2.0. */
export interface Request {
  /** Undefined: a notification, which nobody answers. */
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: unknown;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a line; throws a NoRequest for one that is no request. */
export function parseRequest(line: Uint8Array): Request {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NoRequest(CODES.noRequest, 'a request is an object', null);
  const fields = value as Readonly<Record<string, unknown>>;
  const { id, jsonrpc, method, params } = fields;
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number')
    throw new NoRequest(CODES.noRequest, 'id is neither a string nor a number', null);
  if (jsonrpc !== '2.0') throw new NoRequest(CODES.noRequest, "jsonrpc is not '2.0'", id ?? null);
  if (typeof method !== 'string')
    throw new NoRequest(CODES.noRequest, 'method is no string', id ?? null);
  return { id, method, params };
}

/** What an answer to something that is no request says; the id is the request's, if it had one. */
export class NoRequest extends CommandError {
  readonly id: RequestId;

  constructor(code: number, message: string, id: RequestId) {
    super(code, message);
    this.id = id;
  }
}

function parseJson(line: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch {
    throw new NoRequest(CODES.noJson, 'not JSON in UTF-8', null);
  }
}

/** A line that answers a request. */
export function resultLine(id: RequestId, result: unknown): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`;
}

/** The same for one that was refused. What can be done about it is in `data`. */
export function errorLine(id: RequestId, { code, message, remedy }: CommandError): string {
  const error = { code, message, ...(remedy !== undefined && { data: { remedy } }) };
  return `${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`;
}
