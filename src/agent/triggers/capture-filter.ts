import { makesSense, refusalOf } from '../../capture/capture-filter.js';
import { systemLookup, withAddresses, type Lookup } from '../../capture/host-names.js';
import { UserError } from '../../errors/user-error.js';
import { ETHERNET } from '../../packet/packet-batch.js';

/**
 * Characters of an expression, with addresses in the place of names: whoever opens a capture waits until libpcap has made
 * it short, which it does for so many in a moment, and for four times as many in as much as 12 s.
 */
export const LONGEST_FILTER = 1000;
/** Host names in one expression, and how long all of them together may take. */
const MOST_NAMES = 8;
const LOOKUP_LIMIT_MS = 8_000;

/**
 * A stranger's pcap-filter expression, with addresses in the place of host names. Nothing that he writes holds up the
 * agent: names are looked up beside it, a few at most.
 *
 * @throws UserError with what is wrong with it, in a line
 */
export async function checkedFilter(
  expression: string,
  lookUp: Lookup = systemLookup,
): Promise<string> {
  const known = await withAddresses(expression, bounded(lookUp)).catch((error: unknown) => {
    throw error instanceof UserError ? inALine(error, expression) : error;
  });
  if (known.length > LONGEST_FILTER)
    throw new UserError(`'${expression}'`, 'its host names have too many addresses');
  if (!makesSense(known))
    throw new UserError(`'${expression}'`, refusalOf(known, ETHERNET) ?? 'not understood');
  return known;
}

/** Errors of filters speak of -f, and mark the place on further lines. */
function inALine({ message }: UserError, expression: string): UserError {
  const [line = ''] = message.replace(`-f '${expression}': `, '').split('\n');
  return new UserError(`'${expression}'`, line);
}

function bounded(lookUp: Lookup): Lookup {
  const end = performance.now() + LOOKUP_LIMIT_MS;
  let names = 0;
  return async (name) => {
    if (++names > MOST_NAMES || performance.now() > end)
      throw Object.assign(new Error('too many'), { code: `more than ${MOST_NAMES} host names` });
    return lookUp(name);
  };
}
