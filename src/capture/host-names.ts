import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { codeOf, UserError } from '../errors/user-error.js';
import { ETHERNET } from '../packet/packet-batch.js';
import { makesSense, refusalOf } from './capture-filter.js';

/** How long a name server may take. libpcap would wait for it as long as the system does, and each time. */
const LOOKUP_LIMIT_MS = 8_000;

/** Words of the language, names and numbers; a backslash makes a name of a word. */
const WORD = /\\?[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/g;

/** The addresses of a host; an error with Node's codes (ENOTFOUND, EAI_AGAIN …) where there are none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/**
 * A pcap-filter expression with addresses in the place of host names. libpcap looks names up whenever it compiles an
 * expression, once for each link type that comes along, and a name server may be away by then. So they are looked up
 * here, once for the whole run. Throws a UserError for a host that has no address.
 */
export async function withAddresses(
  expression: string,
  lookUp: Lookup = systemLookup,
): Promise<string> {
  let known = '';
  let end = 0;
  for (const { 0: word, index } of expression.matchAll(WORD)) {
    known += expression.slice(end, index);
    end = index + word.length;
    const besideColon = known.endsWith(':') || expression[end] === ':';
    const isName = !besideColon && mayBeName(word) && canEnd(known, '127.0.0.1', '::1');
    known += isName ? await addressesIn(expression, { before: known, name: word, lookUp }) : word;
  }
  return known + expression.slice(end);
}

/** Neither a number, nor an address, nor a word that means something. */
function mayBeName(word: string): boolean {
  if (!/^[^\\]*[A-Za-z]/.test(word) || /^0x/i.test(word) || isIP(word) !== 0) return false;
  // Where any name can stand, only such a word can't.
  return !/syntax error/.test(refusalOf(`port ${word}`, ETHERNET) ?? '');
}

/** Whether the beginning of an expression can go on with one of these. */
function canEnd(beginning: string, ...ends: readonly string[]): boolean {
  const open = beginning.split('(').length - beginning.split(')').length;
  const close = ')'.repeat(Math.max(open, 0));
  return ends.some((end) => makesSense(`${beginning}${end}${close}`));
}

async function addressesIn(
  expression: string,
  { before, name, lookUp }: { before: string; name: string; lookUp: Lookup },
): Promise<string> {
  const found = await lookUp(name).catch((error: unknown) => {
    // It may be the name of a network, and those are in a file.
    if (/\bnet\b/.test(before)) return [];
    throw new UserError(`-f '${expression}'`, `${name} has no address: ${causeOf(error)}`, {
      remedy: 'check the name and the name servers of this machine, or give an address',
    });
  });
  // `ip host` takes only some of them, and says so best itself where it takes none.
  const fitting = found.filter((address) => canEnd(before, address));
  const [first, ...others] = fitting;
  if (first === undefined) return name;
  return others.length === 0 ? first : `(${fitting.join(' or ')})`;
}

function causeOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOTFOUND':
      return 'no such host';
    case 'EAI_AGAIN':
    case 'TIMEOUT':
      return 'the name servers do not answer';
    default:
      return String(codeOf(error) ?? error);
  }
}

/** Asks this machine's resolver. */
export async function systemLookup(name: string): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(Object.assign(new Error('no answer'), { code: 'TIMEOUT' }));
    }, LOOKUP_LIMIT_MS);
  });
  try {
    const addresses = await Promise.race([lookup(name, { all: true }), late]);
    return [...new Set(addresses.map(({ address }) => address))];
  } finally {
    clearTimeout(timer);
  }
}
