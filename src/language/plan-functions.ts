import { ByteRange } from '../protocols/byte-range.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { writeAddress } from '../protocols/report/ip-text.js';
import { isAnyCase } from '../protocols/sip/ascii.js';
import { HEADER, HeaderLine } from '../protocols/sip/header-line.js';
import { namesOfHeader } from '../protocols/sip/header-name.js';
import { findUri, findUser } from '../protocols/sip/header-value.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { type BytePattern, literalPattern } from './byte-pattern.js';
import type { SipFilter } from './sip-filter.js';

/** Of a function with two texts: what the first may be, and what each then tests for the second. */
type Choices = Readonly<Record<string, (text: string) => SipFilter>>;

/** A function of capture plans. */
export type PlanFunction =
  /** So many texts, whatever they are. */
  | { readonly takes: number; readonly test: (...texts: readonly string[]) => SipFilter }
  | { readonly choices: Choices; readonly numbers: ReadonlySet<string> }
  /** Where the message goes: what names the place. */
  | { readonly sends: true }
  /** Why there is no such thing, and what to do instead. */
  | { readonly refused: string };

const ALWAYS: PlanFunction = { takes: 0, test: () => () => true };

const MESSAGE_CHECKS: Choices = {
  size: (text) => (message) => message.end - message.start > Number(text),
  src_ip: fromAddress,
  source_ip: fromAddress,
  dst_ip: toAddress,
  destination_ip: toAddress,
  any_ip: (text) => either(fromAddress(text), toAddress(text)),
  ...ports('src_port', (passage) => passage.sourcePort),
  ...ports('dst_port', (passage) => passage.destinationPort),
};

const SIP_CHECKS: Choices = {
  method: (text) => {
    const begins = literalPattern({ text, fromStart: true, toEnd: false });
    return ({ isRequest, bytes, method }) => isRequest && begins(bytes, method.start, method.end);
  },
  rmethod: (text) => {
    const begins = literalPattern({ text, fromStart: true, toEnd: false });
    return (message) => message.readHeaders() && isIn(begins, message.bytes, message.cseqMethod);
  },
  ...users('from_user', (message) => message.from),
  ...users('to_user', (message) => message.to),
  user_agent_prefix: (text) => headerMatches('user-agent', { text, fromStart: true, toEnd: false }),
  user_agent_suffix: (text) => headerMatches('user-agent', { text, fromStart: false, toEnd: true }),
  response: (text) => (message) => message.status === Number(text),
  response_gt: (text) => (message) => message.status >= Number(text),
  response_lt: (text) => (message) => message.status <= Number(text),
};

/** captagent's functions. What is checked there as the beginning of a text is so here. */
export const PLAN_FUNCTIONS: Readonly<Record<string, PlanFunction>> = {
  // What a task does anyway, for every message that comes to its plan.
  ...{ parse_sip: ALWAYS, parse_full_sip: ALWAYS, light_parse_sip: ALWAYS },
  ...{ tzsp_payload_extract: ALWAYS, check_rtcp_ipport: ALWAYS },
  // What a send can fail by is counted and logged by the reporters.
  clog: { takes: 2, test: () => () => true },
  msg_check: {
    choices: MESSAGE_CHECKS,
    numbers: new Set(['size', ...portNames('src_port'), ...portNames('dst_port')]),
  },
  sip_check: {
    choices: SIP_CHECKS,
    numbers: new Set(['response', 'response_gt', 'response_lt']),
  },
  header_check: {
    takes: 2,
    test: (name = '', text = '') =>
      headerMatches(name === 'useragent' ? 'user-agent' : name, {
        ...{ text, fromStart: true, toEnd: false },
      }),
  },
  sip_is_method: { takes: 0, test: () => (message) => message.isRequest },
  sip_has_sdp: { takes: 0, test: () => hasDescription },
  ...{ send_hep: { sends: true }, send_json: { sends: true } },
  header_regexp_match: {
    refused:
      "its expressions are in captagent's XML\nuse a filter: sip: '(header NAME EXPRESSION)'",
  },
  set_tag: { refused: 'labels are of a whole task\nuse the processor label' },
  ...refuse('kcap never answers\nleave it out', ['send_reply', 'send_rtcpxr_reply']),
  ...refuse('kcap decrypts nothing\nleave it out', ['parse_tls']),
  ...refuse('reporters for HEP 3 send RTCP of calls without a plan\nleave it out', [
    ...['is_rtcp', 'is_rtcp_or_rtp', 'is_rtcp_exist', 'parse_rtcp_to_json', 'set_rtcp_flag'],
    ...['is_rtcpxr', 'parse_rtcpxr_to_json', 'is_redis_rtcp_exist', 'check_redis_rtcp_ipport'],
  ]),
  ...refuse('kcap reads SIP only', ['parse_isup_to_json', 'parse_diameter_to_json']),
};

function refuse(refused: string, names: readonly string[]): Record<string, PlanFunction> {
  return Object.fromEntries(names.map((name) => [name, { refused }]));
}

function isIn(pattern: BytePattern, bytes: Buffer, { start, end }: ByteRange): boolean {
  return start !== -1 && pattern(bytes, start, end);
}

function either(one: SipFilter, other: SipFilter): SipFilter {
  return (message, passage) => one(message, passage) || other(message, passage);
}

function fromAddress(text: string): SipFilter {
  return addressBegins(text, ({ sourceAt }) => sourceAt);
}

function toAddress(text: string): SipFilter {
  return addressBegins(text, ({ destinationAt }) => destinationAt);
}

/** Whether an address, as text, begins so. */
function addressBegins(text: string, at: (passage: Passage) => number): SipFilter {
  const begins = literalPattern({ text, fromStart: true, toEnd: false });
  const written = new JsonBytes();
  return (_message, passage) => {
    written.clear();
    writeAddress(written, passage.addresses, at(passage), passage.addressBytes);
    return begins(written.bytes, 0, written.length);
  };
}

function portNames(name: string): string[] {
  return [name, `${name}_gt`, `${name}_lt`];
}

/** Bounds are within what they bound, as captagent has it. */
function ports(name: string, of: (passage: Passage) => number): Choices {
  const [same = '', least = '', most = ''] = portNames(name);
  return {
    [same]: (text) => (_message, passage) => of(passage) === Number(text),
    [least]: (text) => (_message, passage) => of(passage) >= Number(text),
    [most]: (text) => (_message, passage) => of(passage) <= Number(text),
  };
}

function users(name: string, valueOf: (message: SipMessage) => ByteRange): Choices {
  const uri = new ByteRange();
  const user = new ByteRange();
  const test =
    (fromStart: boolean) =>
    (text: string): SipFilter => {
      const pattern = literalPattern({ text, fromStart, toEnd: !fromStart });
      return (message) => {
        if (!message.readHeaders()) return false;
        const { bytes } = message;
        findUri(bytes, valueOf(message), uri);
        findUser(bytes, uri, user);
        return isIn(pattern, bytes, user);
      };
    };
  return { [`${name}_prefix`]: test(true), [`${name}_suffix`]: test(false) };
}

/** Of the first header of this name, as captagent looks for no other. */
function headerMatches(name: string, literal: Parameters<typeof literalPattern>[0]): SipFilter {
  const names = namesOfHeader(name);
  const pattern = literalPattern(literal);
  const line = new HeaderLine();
  return (message) => {
    if (!message.readHeaders()) return false;
    const { bytes, headersStart, bodyStart } = message;
    for (let at = headersStart; line.read(bytes, at, bodyStart) === HEADER; at = line.next)
      for (const known of names)
        if (isAnyCase(bytes, line.nameStart, line.nameEnd, known))
          return pattern(bytes, line.valueStart, line.valueEnd);
    return false;
  };
}

const DESCRIPTION = 'application/sdp';
const describes = literalPattern({ text: DESCRIPTION, fromStart: false, toEnd: false });

/** A body that is a session description, or has one as a part. */
function hasDescription(message: SipMessage): boolean {
  if (!message.readHeaders()) return false;
  const { bytes, contentType, bodyStart, end } = message;
  const { start } = contentType;
  if (start === -1 || end <= bodyStart) return false;
  if (isAnyCase(bytes, start, start + DESCRIPTION.length, DESCRIPTION)) return true;
  const isMultipart = isAnyCase(bytes, start, start + 'multipart/'.length, 'multipart/');
  return isMultipart && describes(bytes, bodyStart, end);
}
