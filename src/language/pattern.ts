import { messageOf } from '../errors/user-error.js';
import { textOf } from '../protocols/sip/header-value.js';
import { indexOfLineEnd } from '../protocols/sip/line-end.js';
import { type BytePattern, literalOf, literalPattern } from './byte-pattern.js';

/**
 * Compiles a regular expression of RE2's syntax, which takes linear time whatever it is tested on. What is plain text,
 * with anchors or without, is compared on the bytes; all others are tested on a string, by a library that is loaded when
 * the first of them comes.
 *
 * @throws Error that says what is wrong with it
 */
export async function compilePattern(pattern: string): Promise<BytePattern> {
  const literal = literalOf(pattern);
  if (literal) return literalPattern(literal);
  const expression = await compileExpression(pattern);
  return (bytes, start, end) => expression.test(bytes.toString('utf8', start, end));
}

/** The same for values of headers: of a folded one, its lines are one. */
export async function compileValuePattern(pattern: string): Promise<BytePattern> {
  const literal = literalOf(pattern);
  if (!literal) {
    const expression = await compileExpression(pattern);
    return (bytes, start, end) => expression.test(textOf(bytes, start, end));
  }
  const matches = literalPattern(literal);
  return (bytes, start, end) => {
    if (matches(bytes, start, end)) return true;
    if (indexOfLineEnd(bytes, start, end) === -1) return false;
    const unfolded = Buffer.from(textOf(bytes, start, end));
    return matches(unfolded, 0, unfolded.length);
  };
}

async function compileExpression(pattern: string): Promise<{ test(text: string): boolean }> {
  const { RE2JS } = await import('re2js');
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new Error(messageOf(error).replace(/^error parsing regexp: /, ''), { cause: error });
  }
}
