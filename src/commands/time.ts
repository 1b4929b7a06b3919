import { microsecondsOf, type Microseconds } from '../packet/timestamp.js';
import { usageError } from '../errors/user-error.js';

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A point in time as people write it: ISO 8601 (without a zone, local time), seconds since 1970, or how long ago
 * (`-15m`; s, m, h, d). Digits below a microsecond are dropped.
 */
export function parseTime(option: string, text: string, nowMs: number): Microseconds {
  const time = ago(text, nowMs) ?? epochSeconds(text) ?? iso8601(text);
  if (time === undefined)
    throw usageError(
      `${option} ${text}`,
      'not a time',
      `for example ${option} 2026-01-31T12:00:00Z, ${option} 1769860800.5 or ${option} -15m`,
    );
  return time;
}

/** A span of time with its unit (s, m, h, d), in ms. */
export function parseDuration(option: string, text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_S[unit] ?? 0) * 1000;
  if (!(ms <= Number.MAX_SAFE_INTEGER))
    throw usageError(
      `${option} ${text}`,
      'not a span of time',
      `for example ${option} 12h or ${option} 7d`,
    );
  return ms;
}

function ago(text: string, nowMs: number): Microseconds | undefined {
  const [, count, unit = ''] = /^-(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const us = nowMs * 1000 - Number(count) * (UNIT_S[unit] ?? 0) * 1e6;
  return Math.max(Math.round(us), 0) as Microseconds;
}

function epochSeconds(text: string): Microseconds | undefined {
  const [, seconds, fraction = ''] = /^(\d{1,10})(?:\.(\d+))?$/.exec(text) ?? [];
  return seconds === undefined ? undefined : microsecondsOf(Number(seconds), micros(fraction));
}

function iso8601(text: string): Microseconds | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
      text,
    );
  if (!match) return undefined;
  const [, day = '', clock = '00:00', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  // JavaScript takes the 30th of February for the 2nd of March.
  const isDay = new Date(`${day}T00:00Z`).getUTCDate() === Number(day.slice(-2));
  return isDay && ms >= 0 ? microsecondsOf(ms / 1000, micros(fraction)) : undefined;
}

/** The first six digits behind the point. */
function micros(fraction: string): number {
  return Number(fraction.slice(0, 6).padEnd(6, '0'));
}
