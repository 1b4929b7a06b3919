import { z } from 'zod';
import { withRemedy } from './explained.js';

/** A mapping that knows all of its keys. */
export const section = z.strictObject;

/** A text that has something in it. */
export const NAME = z.string().trim().min(1);

/** A text; an empty one counts as none, as configurations with every key in them are written. */
export const OPTIONAL_TEXT = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

/** A whole number of things. */
export const COUNT = z.int().min(0);

/**
 * A key that may be left out and changes nothing; who writes it is told so.
 *
 * @param why for people
 * @param usual what kcap does anyway: this value causes no warning
 */
export function withoutEffect<Schema extends z.ZodType>(
  schema: Schema,
  why: string,
  usual?: unknown,
): z.ZodOptional<Schema> {
  return schema.optional().meta({
    ...{ description: `without effect: ${why}`, deprecated: true },
    ...(usual !== undefined && { usual }),
  });
}

/** A list, or one entry of it, or several in a text with commas between. */
export const LIST = z.union([z.array(NAME), z.string()]).transform((given): string[] =>
  typeof given === 'string'
    ? given
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
    : given,
);

/** A text, a number or true or false, as a text. */
export const SCALAR = z
  .union([z.string(), z.number(), z.boolean()])
  .transform((value) => String(value));

/** Names and values of one's own. */
export const SCALARS = z.record(NAME, SCALAR);

/** The longest time that a timer can be set to. */
const LONGEST_MS = 0x7fff_ffff;
const MS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000 },
  ...{ m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 },
};
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|min|s|m|h|d)/g;

/** A time span: `500ms`, `30s`, `1m30s`, or a number of seconds; in milliseconds. */
export const DURATION_MS = z
  .union([z.number(), z.string()])
  .meta({ examples: ['500ms', '30s', '5m', '1h'] })
  .transform((given, context) => {
    const ms = typeof given === 'number' ? given * 1000 : millisecondsOf(given.trim());
    if (ms >= 0 && ms <= LONGEST_MS) return Math.round(ms);
    context.addIssue(
      withRemedy(
        ms > LONGEST_MS ? `${given} is more than 24 days` : `${given} is not a duration`,
        'for example 500ms, 30s, 5m or 1h; a number counts seconds',
      ),
    );
    return z.NEVER;
  });

function millisecondsOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(PART)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return NaN;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (MS[unit ?? ''] ?? NaN), 0);
}

const STEPS = ['', 'K', 'M', 'G', 'T'];

/** A number of bytes, or a text with K, M, G or T for powers of 1024. */
export const BYTES = z
  .union([z.number(), z.string()])
  .meta({ examples: ['64K', '500M', '2G'] })
  .transform((given, context) => {
    const [, digits = '', step = ''] =
      /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(String(given).trim()) ?? [];
    const bytes = digits === '' ? NaN : Number(digits) * 1024 ** STEPS.indexOf(step.toUpperCase());
    if (bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER) return Math.round(bytes);
    context.addIssue(withRemedy(`${given} is not a size`, 'for example 65536, 64K, 500M or 2G'));
    return z.NEVER;
  });
