const STEPS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const PERIODS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** A number of bytes for people: `12.3 MiB`. */
export function bytesText(bytes: number): string {
  let step = 0;
  let value = bytes;
  for (; value >= 1024 && step < STEPS.length - 1; step++) value /= 1024;
  const shown = Number(value.toFixed(value < 100 && step > 0 ? 1 : 0));
  return `${shown} ${STEPS[step] ?? ''}`;
}

/** A time span for people, in its two largest units: `1 h 5 min`. */
export function spanText(ms: number): string {
  const whole = Math.round(ms);
  const largest = PERIODS.findIndex(([, unit]) => whole >= unit);
  if (largest < 0) return '0 s';
  const [[name, unit] = ['', 1], next] = PERIODS.slice(largest);
  const rest = next && name !== 's' ? Math.floor((whole % unit) / next[1]) : 0;
  const first = name === 's' ? Number((whole / unit).toFixed(1)) : Math.floor(whole / unit);
  return next && rest > 0 ? `${first} ${name} ${rest} ${next[0]}` : `${first} ${name}`;
}

/** `1,234,567`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
