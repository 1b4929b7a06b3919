import type { Passage } from '../protocols/passage.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { readExpression } from './expression.js';
import { FilterCompiler } from './filter-compiler.js';

/**
 * Whether a message is wanted. It looks only at what the expression asks for, and has the headers read where that is needed;
 * what it says of a message whose headers then turn out to be invalid means nothing.
 */
export type SipFilter = (message: SipMessage, passage: Passage) => boolean;

/**
 * Compiles a filter on SIP messages. An empty text matches every message.
 *
 *     request                     is a request
 *     response                    is a response
 *     (status n ...)              is a response with one of these codes
 *     (method s ...)              has one of these methods; a response that of its CSeq. Also: methods
 *     (hasheader s)               has a header of this name that is not empty
 *     (header s re)               has a header of this name whose value matches
 *     (to re) (from re)           the same for To and From
 *     (user-agent re)             and for User-Agent
 *     (uri re)                    is a request whose URI matches
 *     (callid s ...)              has one of these Call-IDs
 *     (body re)                   the body matches
 *     (message re)                the headers, with the first line, or the body match
 *     (src cidr ...)              comes from an address in one of these ranges
 *     (dst cidr ...)              goes to one
 *     (port n ...)                comes from or goes to one of these ports
 *     (transport t ...)           came over udp, tcp, ws, sctp or tls
 *     (all f ...) (any f ...)     all or any of these filters match
 *     (not f)                     this filter does not match
 *
 * Methods and names of headers may be in any case, and compact names are their long ones; of repeated headers each is
 * tried. Strings are in double quotes, in which a backslash is a backslash, or bare where they are plain words; `re` are
 * regular expressions of RE2 that match anywhere. A comment goes from a semicolon to the end of the line.
 *
 * @throws LanguageError
 */
export async function compileSipFilter(text: string): Promise<SipFilter> {
  const expression = readExpression(text);
  return expression ? new FilterCompiler(text).compile(expression) : () => true;
}
