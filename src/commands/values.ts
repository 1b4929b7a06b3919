import { usageError } from '../errors/user-error.js';

/** The value of an option that counts something; throws a usage error for anything but 0, 1, 2 … `max`. */
export function parseCount(option: string, text: string, max = Number.MAX_SAFE_INTEGER): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(count <= max)) {
    const range = max === Number.MAX_SAFE_INTEGER ? '' : ` up to ${max}`;
    throw usageError(`${option} ${text}`, `not a whole number${range}`, `for example ${option} 10`);
  }
  return count;
}

/** A number of seconds, fractions allowed, in milliseconds. */
export function parseSeconds(option: string, text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  // The longest time that a timer can be set to.
  if (!(seconds * 1000 <= 0x7fffffff))
    throw usageError(`${option} ${text}`, 'not a number of seconds', `for example ${option} 10`);
  return seconds * 1000;
}

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** A number of bytes, with K, M, G or T for powers of 1024. */
export function parseBytes(
  option: string,
  text: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const [, digits = '', unit = ''] = /^(\d+)([kmgt]?)i?b?$/i.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  const refuse = (cause: string) =>
    usageError(`${option} ${text}`, cause, `for example ${option} ${exampleSize(least)}`);
  if (digits === '' || !(bytes <= Number.MAX_SAFE_INTEGER)) throw refuse('not a number of bytes');
  if (bytes < least) throw refuse(`less than ${least} bytes`);
  if (bytes > most) throw refuse(`more than ${most} bytes`);
  return bytes;
}

/** One that is allowed. */
function exampleSize(least: number): string {
  return least > 1024 * 1024 ? '500M' : '64K';
}

/** One of a few words. */
export function parseChoice<Choice extends string>(
  option: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((known) => known === text);
  if (choice === undefined)
    throw usageError(`${option} ${text}`, 'no such choice', `use one of: ${choices.join(', ')}`);
  return choice;
}
