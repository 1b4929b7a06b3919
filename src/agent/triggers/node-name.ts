import { messageOf } from '../../errors/user-error.js';

/** Stands for every host. */
const ANY = 'any';

/** Whether a message for `node` is for this host. */
export function isNode(node: string, host: string): boolean {
  return node === ANY || node === host;
}

/**
 * Whether an expression of RE2's syntax is found in the host's name: RE2 takes linear time, whatever a stranger writes.
 *
 * @throws Error that says what is wrong with the expression
 */
export async function matchesNode(expression: string, host: string): Promise<boolean> {
  const { RE2JS } = await import('re2js');
  try {
    return RE2JS.compile(expression).matcher(host).find();
  } catch (error) {
    throw new Error(messageOf(error).replace(/^error parsing regexp: /, ''), { cause: error });
  }
}
