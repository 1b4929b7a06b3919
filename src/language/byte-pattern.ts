/** Tests whether bytes [start, end) match. */
export type BytePattern = (bytes: Buffer, start: number, end: number) => boolean;

/** Of a regular expression, what can be tested on bytes at once: a literal, with anchors or without. */
interface Literal {
  readonly text: string;
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

/** Characters that mean something else than themselves. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/;
/** What a backslash before a character can only mean literally. */
const ESCAPED = /\\([^A-Za-z0-9])/g;

/** The literal that a regular expression is; undefined where it is more. */
export function literalOf(pattern: string): Literal | undefined {
  const fromStart = pattern.startsWith('^');
  const toEnd = pattern.endsWith('$') && !pattern.endsWith('\\$');
  const inner = pattern.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  if (SPECIAL.test(inner.replace(ESCAPED, ''))) return undefined;
  const text = inner.replace(ESCAPED, '$1');
  // U+FFFD stands for bytes that are no UTF-8, and half a surrogate pair has no bytes.
  const hasBytes = Buffer.from(text).toString() === text && !text.includes('\ufffd');
  return hasBytes ? { text, fromStart, toEnd } : undefined;
}

/** A test for a literal that makes no string. */
export function literalPattern({ text, fromStart, toEnd }: Literal): BytePattern {
  const literal = Buffer.from(text);
  const { length } = literal;
  if (fromStart && toEnd)
    return (bytes, start, end) => end - start === length && isAt(bytes, start, literal);
  if (fromStart) return (bytes, start, end) => end - start >= length && isAt(bytes, start, literal);
  if (toEnd)
    return (bytes, start, end) => end - start >= length && isAt(bytes, end - length, literal);
  return search(literal);
}

function isAt(bytes: Buffer, at: number, literal: Buffer): boolean {
  for (let index = 0; index < literal.length; index++)
    if (bytes[at + index] !== literal[index]) return false;
  return true;
}

/** Longer texts are searched faster by Node, although it takes a call and a view. */
const SHORT_BYTES = 256;

/** A test whether a literal is anywhere, which looks at one byte in many where that is not the literal's (Horspool). */
function search(literal: Buffer): BytePattern {
  const { length } = literal;
  if (length === 0) return () => true;
  const toLast = length - 1;
  // By the byte at the literal's end: how far the literal can be moved on without passing a place where it may be.
  const steps = new Uint32Array(256).fill(length);
  for (let index = 0; index < toLast; index++) steps[literal[index] ?? 0] = toLast - index;
  return (bytes, start, end) => {
    if (end - start > SHORT_BYTES) return bytes.subarray(start, end).includes(literal);
    for (let last = start + toLast; last < end; last += steps[bytes[last] ?? 0] ?? 1)
      if (bytes[last] === literal[toLast] && isAt(bytes, last - toLast, literal)) return true;
    return false;
  };
}
