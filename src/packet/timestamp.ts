declare const microseconds: unique symbol;

/** Microseconds since 1970-01-01 UTC. Exact in a double until the year 2255. */
export type Microseconds = number & { readonly [microseconds]: true };

export function microsecondsOf(seconds: number, fractionUs: number): Microseconds {
  return (seconds * 1_000_000 + fractionUs) as Microseconds;
}

/** `YYYY-MM-DD HH:MM:SS.uuuuuu` in local time, as pycapa shows times. */
export function formatLocal(time: Microseconds): string {
  const date = new Date(Math.floor(time / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock}.${String(time % 1_000_000).padStart(6, '0')}`;
}

/** ISO 8601 in UTC, to the microsecond. */
export function formatUtc(time: Microseconds): string {
  const second = new Date(Math.floor(time / 1_000_000) * 1000).toISOString().slice(0, -5);
  return `${second}.${String(time % 1_000_000).padStart(6, '0')}Z`;
}
