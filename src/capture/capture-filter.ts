import { addon } from '../addon/addon.js';
import type { NativeFilter } from '../addon/capture.js';
import { ETHERNET, MAX_SNAP_LENGTH } from '../packet/packet-batch.js';
import { messageOf, usageError, type UserError } from '../errors/user-error.js';
import { linkTypeName } from './link-type.js';

/** Link types that between them know every word of expressions: Ethernet, IEEE 802.11, pf's log, SunATM, MTP2. */
const LINK_TYPES = [ETHERNET, 105, 117, 123, 140];

/** Throws a usage error for an expression that makes no sense for packets of any link type. */
export function checkFilter(expression: string): void {
  if (!makesSense(expression)) captureFilter(expression, ETHERNET);
}

/** The filter for packets of a link type; throws a usage error if the expression makes no sense for them. */
export function captureFilter(expression: string, linkType: number): NativeFilter {
  try {
    return new addon.CaptureFilter(expression, linkType, MAX_SNAP_LENGTH, true);
  } catch (error) {
    throw filterError(expression, linkType, messageOf(error));
  }
}

/** The error for an expression that libpcap refused, with the place marked where it can be told. */
export function filterError(expression: string, linkType: number, cause: string): UserError {
  const place = placeOfError(expression, linkType);
  return usageError(
    `-f '${expression}'`,
    `${cause} (link type ${linkTypeName(linkType)})${place === undefined ? '' : marked(expression, place)}`,
    "see 'man pcap-filter' for what a filter can say",
  );
}

/** The line of the expression that has the place, and a mark below it. */
function marked(expression: string, place: number): string {
  const begin = expression.lastIndexOf('\n', place - 1) + 1;
  const [line = ''] = expression.slice(begin).split('\n');
  return `\n  ${line}\n  ${' '.repeat(place - begin)}^ not understood from here on`;
}

/** What can follow the beginning of an expression so that the whole makes sense. */
const ENDINGS = [
  ...['', ' ip', ' broadcast', ' 1', ' = 1', '= 1', ' 1 = 1', ' proto 1'],
  ...[' 127.0.0.1', ' ::1', ' 10.0.0.0/8', ' 02:00:00:00:00:01'],
  ...[' host 127.0.0.1', ' host ::1'],
];

/** How long the place of an error is looked for. */
const SEARCH_LIMIT_MS = 1000;

/**
 * libpcap says that an expression is wrong but not where: the first word that no ending turns into a correct
 * expression together with the words before it. What is wrong stays wrong whatever follows, so half of the words that
 * are left can be ruled out each time.
 */
function placeOfError(expression: string, linkType: number): number | undefined {
  const end = performance.now() + SEARCH_LIMIT_MS;
  if (refusalOf(expression, linkType) === undefined) return undefined;
  const words = [...expression.matchAll(/[()!]|[^\s()!]+/g)];
  const canGoOnAfter = (word: RegExpExecArray) => {
    const beginning = expression.slice(0, word.index + word[0].length);
    const open = beginning.split('(').length - beginning.split(')').length;
    const close = ')'.repeat(Math.max(open, 0));
    return ENDINGS.some(
      (ending) => refusalOf(`${beginning}${ending}${close}`, linkType) === undefined,
    );
  };
  let right = 0;
  let wrong = words.length;
  while (right < wrong) {
    const middle = (right + wrong) >> 1;
    const word = words[middle];
    if (!word || performance.now() > end) return undefined;
    if (canGoOnAfter(word)) right = middle + 1;
    else wrong = middle;
  }
  return words[right]?.index;
}

/** Longer expressions take long to optimize, and only an optimizing libpcap sees that one can match nothing. */
const SHORT_EXPRESSION = 1000;

/** What libpcap finds wrong with an expression, if anything. */
export function refusalOf(expression: string, linkType: number): string | undefined {
  try {
    const optimized = expression.length <= SHORT_EXPRESSION;
    new addon.CaptureFilter(expression, linkType, MAX_SNAP_LENGTH, optimized);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Whether an expression makes sense for packets of some link type. */
export function makesSense(expression: string): boolean {
  return LINK_TYPES.some((linkType) => refusalOf(expression, linkType) === undefined);
}
