/** What a command topic's messages look like, capture-agent's: an object in JSON (docs/agent.md). */
export interface CommandMessage {
  /** The host it is for; `*`: all. */
  readonly target: string;
  readonly command: string;
  /** When it was issued, in ms since 1970; undefined where it does not say. */
  readonly issuedAtMs: number | undefined;
  readonly requestId: string;
  /** The command's parameters, as they came. */
  readonly payload: unknown;
}

/** Why a message is no command: counted, and not answered. */
export type Rubbish = 'too-large' | 'not-json' | 'not-a-command' | 'other-version';

/** As long as a line of the socket may be. */
const MAX_BYTES = 1024 * 1024;
const MAX_ID_LENGTH = 256;
const VERSION = 'v1';
/** How far ahead of this host's clock another one's may be. */
const MAX_AHEAD_MS = 60_000;

/** Go writes a time that was not set like this. */
const GO_ZERO_TIME = /^0001-01-01T00:00:00/;
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(?:\.(\d{1,3})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The command in a message's value, or why it holds none. Never throws. */
export function parseCommandMessage(value: Buffer): CommandMessage | Rubbish {
  if (value.length > MAX_BYTES) return 'too-large';
  const message = parseJson(value);
  if (message === undefined) return 'not-json';
  if (!isObject(message)) return 'not-a-command';
  const { version, target, command = '', timestamp, request_id: requestId, payload } = message;
  if (version !== VERSION) return 'other-version';
  if (typeof target !== 'string' || target === '') return 'not-a-command';
  if (typeof requestId !== 'string' || requestId === '') return 'not-a-command';
  if (requestId.length > MAX_ID_LENGTH || typeof command !== 'string') return 'not-a-command';
  const issuedAtMs = timeOf(timestamp);
  if (Number.isNaN(issuedAtMs)) return 'not-a-command';
  return { target, command, issuedAtMs, requestId, payload: payload ?? undefined };
}

/** Why a command is too old to be carried out, or too far ahead of this host's clock; undefined if it is neither. */
export function untimely(
  issuedAtMs: number,
  { ttlMs, nowMs }: { readonly ttlMs: number; readonly nowMs: number },
): string | undefined {
  const ageMs = nowMs - issuedAtMs;
  if (ageMs > ttlMs)
    return `the command is ${seconds(ageMs)} s old, and commands are valid for ${seconds(ttlMs)} s`;
  if (-ageMs > MAX_AHEAD_MS)
    return `the command is from ${seconds(-ageMs)} s in the future: one of the clocks is wrong`;
  return undefined;
}

/** How long a request's id may come again in a command that is not too old, in ms. */
export function longestValidity(ttlMs: number): number {
  return ttlMs + MAX_AHEAD_MS;
}

/** An answer for the response topic. */
export interface Answer {
  readonly command: string;
  readonly requestId: string;
  readonly outcome:
    | { readonly result: unknown }
    | { readonly error: { readonly code: number; readonly message: string } };
}

/** @param source this host's name */
export function answerText(source: string, { command, requestId, outcome }: Answer): string {
  return JSON.stringify({
    version: VERSION,
    source,
    command,
    request_id: requestId,
    timestamp: new Date().toISOString(),
    ...outcome,
  });
}

function parseJson(value: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(value)) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of an RFC 3339 time, in ms since 1970; undefined where none was set, NaN for anything else. */
function timeOf(timestamp: unknown): number | undefined {
  if (timestamp === undefined || timestamp === null || timestamp === '') return undefined;
  if (typeof timestamp !== 'string') return NaN;
  if (GO_ZERO_TIME.test(timestamp)) return undefined;
  const parts = RFC_3339.exec(timestamp);
  if (!parts) return NaN;
  const [, date = '', time = '', second = '', fraction = '', zone = ''] = parts;
  // JavaScript knows no leap seconds.
  const ordinary = second === '60' ? '59' : second;
  return Date.parse(`${date}T${time}${ordinary}.${fraction.padEnd(3, '0')}${zone.toUpperCase()}`);
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000));
}
