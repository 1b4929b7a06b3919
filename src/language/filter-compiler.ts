import { nearest } from '../errors/nearest.js';
import { messageOf } from '../errors/user-error.js';
import type { ByteRange } from '../protocols/byte-range.js';
import { isAnyCase, isToken } from '../protocols/sip/ascii.js';
import { HEADER, HeaderLine } from '../protocols/sip/header-line.js';
import { namesOfHeader } from '../protocols/sip/header-name.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { type AddressRange, isInRange, parseAddressRange } from './address-range.js';
import { type BytePattern, literalPattern } from './byte-pattern.js';
import type { Expression, List, Word } from './expression.js';
import { LanguageError } from './language-error.js';
import { compilePattern, compileValuePattern } from './pattern.js';
import type { SipFilter } from './sip-filter.js';

/** A test with its arguments, such as `(status 200)`. */
interface Call {
  readonly name: string;
  readonly arguments: readonly Expression[];
  /** Where it begins, and where an argument that is missing should be. */
  readonly at: number;
  readonly end: number;
}

type Builder = (call: Call) => SipFilter | Promise<SipFilter>;

const TRANSPORTS = ['udp', 'tcp', 'ws', 'sctp', 'tls'];
const PLAIN_WORD = /^[A-Za-z0-9._:@/+-]+$/;
const NUMBER = /^[+-]?\d+$/;
const HIGHEST_PORT = 0xffff;

/** Makes closures of an expression: each tests bytes where they lie in the message. */
export class FilterCompiler {
  readonly #text: string;
  readonly #builders: Readonly<Record<string, Builder>>;

  constructor(text: string) {
    this.#text = text;
    const methods: Builder = (call) => this.#methods(call);
    this.#builders = {
      request: (call) => this.#plain(call, (message) => message.isRequest),
      response: (call) => this.#plain(call, (message) => !message.isRequest),
      status: (call) => this.#status(call),
      method: methods,
      methods,
      hasheader: (call) => this.#hasHeader(call),
      header: (call) => this.#header(call),
      to: (call) => this.#known(call, 'to', (message) => message.to),
      from: (call) => this.#known(call, 'from', (message) => message.from),
      'user-agent': (call) => this.#named(call, 'user-agent'),
      uri: (call) => this.#uri(call),
      callid: (call) => this.#callId(call),
      body: (call) => this.#body(call),
      message: (call) => this.#message(call),
      src: (call) => this.#source(call),
      dst: (call) => this.#destination(call),
      port: (call) => this.#port(call),
      transport: (call) => this.#transport(call),
      all: (call) => this.#all(call),
      any: (call) => this.#any(call),
      not: (call) => this.#not(call),
    };
  }

  async compile(expression: Expression): Promise<SipFilter> {
    const call = this.#call(expression);
    const builder = Object.hasOwn(this.#builders, call.name) && this.#builders[call.name];
    if (!builder) throw this.#error(this.#unknown(call.name), call.at);
    return builder(call);
  }

  /** What is called: a word alone, or the first one of a list. */
  #call(expression: Expression): Call {
    if (expression.kind === 'quoted')
      throw this.#error(
        'expected a test, such as request or (status 200), not a string',
        expression.at,
      );
    if (expression.kind === 'word')
      return {
        name: expression.text,
        arguments: [],
        at: expression.at,
        end: expression.at + expression.text.length,
      };
    const first = this.#firstWord(expression);
    return {
      name: first.text,
      arguments: expression.items.slice(1),
      at: first.at,
      end: expression.end,
    };
  }

  #firstWord(list: List): Word {
    const [first] = list.items;
    if (first?.kind === 'word') return first;
    const found = first ? '' : ', found ()';
    throw this.#error(
      `expected the name of a test after (${found}: such as (status 200)`,
      first?.at ?? list.end,
    );
  }

  #unknown(name: string): string {
    const names = Object.keys(this.#builders);
    if (NUMBER.test(name)) return `expected a test, such as (status ${name}), not a number`;
    const near = nearest(name, names);
    const expected = near ? `did you mean ${near}?` : `expected one of ${names.join(', ')}`;
    return `there is no test ${name}: ${expected}`;
  }

  #plain(call: Call, filter: SipFilter): SipFilter {
    this.#count(call, 0, 'nothing');
    return filter;
  }

  #status(call: Call): SipFilter {
    const codes = this.#list(call, 'a status code, such as 200').map((argument) =>
      this.#number(argument, 'a status code, such as 200'),
    );
    const [first] = codes;
    if (codes.length === 1) return (message) => message.status === first && !message.isRequest;
    return (message) => !message.isRequest && codes.includes(message.status);
  }

  #methods(call: Call): SipFilter {
    const methods = this.#list(call, 'a method, such as invite').map((argument) => {
      const method = argument.kind === 'list' ? '' : argument.text;
      const isNumber = argument.kind === 'word' && NUMBER.test(method);
      if (method === '' || isNumber || ![...Buffer.from(method)].every(isToken))
        throw this.#error(
          `expected a method, such as invite${foundInstead(argument)}`,
          argument.at,
        );
      return method.toLowerCase();
    });
    return ({ bytes, method }) => {
      const { start, end } = method;
      for (const wanted of methods) if (isAnyCase(bytes, start, end, wanted)) return true;
      return false;
    };
  }

  #hasHeader(call: Call): SipFilter {
    const names = this.#headerName(call, 1);
    return someHeader(names, (_bytes, start, end) => end > start);
  }

  async #header(call: Call): Promise<SipFilter> {
    const names = this.#headerName(call, 2);
    return someHeader(names, await this.#valuePattern(call, 1));
  }

  async #named(call: Call, name: string): Promise<SipFilter> {
    this.#count(call, 1, REGULAR_EXPRESSION);
    return someHeader(namesOfHeader(name), await this.#valuePattern(call, 0));
  }

  /** Of a header that every message's reading finds: others of its name are looked for only where there are any. */
  async #known(
    call: Call,
    name: string,
    valueOf: (message: SipMessage) => ByteRange,
  ): Promise<SipFilter> {
    this.#count(call, 1, REGULAR_EXPRESSION);
    const pattern = await this.#valuePattern(call, 0);
    const inAny = someHeader(namesOfHeader(name), pattern);
    return (message, passage) => {
      const { start, end } = valueOf(message);
      if (start === -1) return false;
      return pattern(message.bytes, start, end) || (message.hasRepeats && inAny(message, passage));
    };
  }

  async #uri(call: Call): Promise<SipFilter> {
    this.#count(call, 1, REGULAR_EXPRESSION);
    const pattern = await this.#pattern(call, 0);
    return ({ bytes, uri }) => uri.start !== -1 && pattern(bytes, uri.start, uri.end);
  }

  #callId(call: Call): SipFilter {
    const patterns = this.#list(call, 'a Call-ID').map((argument) =>
      literalPattern({ text: this.#string(argument, 'a Call-ID'), fromStart: true, toEnd: true }),
    );
    return ({ bytes, callId }) => {
      const { start, end } = callId;
      return start !== -1 && patterns.some((pattern) => pattern(bytes, start, end));
    };
  }

  async #body(call: Call): Promise<SipFilter> {
    this.#count(call, 1, REGULAR_EXPRESSION);
    const pattern = await this.#pattern(call, 0);
    return ({ bytes, bodyStart, end }) => pattern(bytes, bodyStart, end);
  }

  async #message(call: Call): Promise<SipFilter> {
    this.#count(call, 1, REGULAR_EXPRESSION);
    const pattern = await this.#pattern(call, 0);
    return ({ bytes, start, bodyStart, end }) =>
      pattern(bytes, start, bodyStart) || pattern(bytes, bodyStart, end);
  }

  #source(call: Call): SipFilter {
    const ranges = this.#ranges(call);
    return (_message, { addresses, sourceAt, addressBytes }) =>
      ranges.some((range) => isInRange(range, addresses, sourceAt, addressBytes));
  }

  #destination(call: Call): SipFilter {
    const ranges = this.#ranges(call);
    return (_message, { addresses, destinationAt, addressBytes }) =>
      ranges.some((range) => isInRange(range, addresses, destinationAt, addressBytes));
  }

  #ranges(call: Call): AddressRange[] {
    const expected = 'an address or a range of them, such as 192.0.2.0/24';
    return this.#list(call, expected).map((argument) => {
      const range = argument.kind === 'list' ? undefined : parseAddressRange(argument.text);
      if (!range) throw this.#error(`expected ${expected}${foundInstead(argument)}`, argument.at);
      return range;
    });
  }

  #port(call: Call): SipFilter {
    const ports = this.#list(call, 'a port, such as 5060').map((argument) => {
      const port = this.#number(argument, 'a port, such as 5060');
      if (port < 0 || port > HIGHEST_PORT)
        throw this.#error(
          `expected a port up to ${HIGHEST_PORT}${foundInstead(argument)}`,
          argument.at,
        );
      return port;
    });
    return (_message, { sourcePort, destinationPort }) =>
      ports.includes(sourcePort) || ports.includes(destinationPort);
  }

  #transport(call: Call): SipFilter {
    const expected = `one of ${TRANSPORTS.join(', ')}`;
    const transports = this.#list(call, expected).map((argument) => {
      const name = argument.kind === 'list' ? '' : argument.text.toLowerCase();
      if (!TRANSPORTS.includes(name))
        throw this.#error(`expected ${expected}${foundInstead(argument)}`, argument.at);
      return name;
    });
    return (_message, { transport }) => transports.includes(transport);
  }

  async #all(call: Call): Promise<SipFilter> {
    const filters = await this.#filters(call);
    return (message, passage) => {
      for (const filter of filters) if (!filter(message, passage)) return false;
      return true;
    };
  }

  async #any(call: Call): Promise<SipFilter> {
    const filters = await this.#filters(call);
    return (message, passage) => {
      for (const filter of filters) if (filter(message, passage)) return true;
      return false;
    };
  }

  async #not(call: Call): Promise<SipFilter> {
    this.#count(call, 1, 'a test');
    const [filter] = await this.#filters(call);
    return (message, passage) => filter?.(message, passage) === false;
  }

  /** One after the other, so that the first fault of a text is the one that is shown. */
  async #filters(call: Call): Promise<SipFilter[]> {
    const filters: SipFilter[] = [];
    for (const argument of this.#list(call, 'a test')) filters.push(await this.compile(argument));
    return filters;
  }

  #headerName(call: Call, count: number): readonly string[] {
    const expected = count === 1 ? HEADER_NAME : `${HEADER_NAME}, and ${REGULAR_EXPRESSION}`;
    this.#count(call, count, expected);
    const [argument] = call.arguments;
    if (!argument) throw this.#error(`expected ${HEADER_NAME}`, call.end);
    const name = this.#string(argument, HEADER_NAME);
    if (name === '' || ![...Buffer.from(name)].every(isToken))
      throw this.#error(`expected ${HEADER_NAME}${foundInstead(argument)}`, argument.at);
    return namesOfHeader(name);
  }

  #valuePattern(call: Call, index: number): Promise<BytePattern> {
    return this.#pattern(call, index, compileValuePattern);
  }

  async #pattern(call: Call, index: number, compile = compilePattern): Promise<BytePattern> {
    const argument = call.arguments[index];
    if (!argument) throw this.#error(`expected ${REGULAR_EXPRESSION}`, call.end);
    const text = this.#string(argument, REGULAR_EXPRESSION);
    try {
      return await compile(text);
    } catch (error) {
      throw this.#error(`not a regular expression: ${messageOf(error)}`, argument.at);
    }
  }

  #string(argument: Expression, expected: string): string {
    if (argument.kind === 'quoted') return argument.text;
    if (argument.kind === 'list')
      throw this.#error(`expected ${expected}${foundInstead(argument)}`, argument.at);
    if (!PLAIN_WORD.test(argument.text))
      throw this.#error(
        `expected ${expected}: put "${argument.text}" in double quotes`,
        argument.at,
      );
    return argument.text;
  }

  #number(argument: Expression, expected: string): number {
    if (argument.kind === 'word' && NUMBER.test(argument.text)) return Number(argument.text);
    throw this.#error(`expected ${expected}${foundInstead(argument)}`, argument.at);
  }

  /** At least one argument. */
  #list(call: Call, expected: string): readonly Expression[] {
    if (call.arguments.length === 0)
      throw this.#error(`${call.name} needs an argument: expected ${expected}`, call.end);
    return call.arguments;
  }

  #count(call: Call, count: number, expected: string): void {
    const extra = call.arguments[count];
    if (extra) throw this.#error(`${call.name} takes ${expected}${foundMore(extra)}`, extra.at);
    if (call.arguments.length < count)
      throw this.#error(`${call.name} needs ${expected}: expected it here`, call.end);
  }

  #error(cause: string, at: number): LanguageError {
    return new LanguageError(cause, this.#text, at);
  }
}

const HEADER_NAME = 'the name of a header';
const REGULAR_EXPRESSION = 'a regular expression';

/** Walks over a message's headers: none of them is looked at where no filter asks for it. */
function someHeader(names: readonly string[], test: BytePattern): SipFilter {
  const line = new HeaderLine();
  return ({ bytes, headersStart, bodyStart }) => {
    let at = headersStart;
    while (line.read(bytes, at, bodyStart) === HEADER) {
      const { nameStart, nameEnd, valueStart, valueEnd, next } = line;
      for (const name of names)
        if (isAnyCase(bytes, nameStart, nameEnd, name) && test(bytes, valueStart, valueEnd))
          return true;
      at = next;
    }
    return false;
  };
}

function foundInstead(argument: Expression): string {
  return `, found ${shown(argument)}`;
}

function foundMore(argument: Expression): string {
  return ` and no more, found ${shown(argument)}`;
}

function shown(argument: Expression): string {
  if (argument.kind === 'list') return 'a list';
  return argument.kind === 'quoted' ? `"${argument.text}"` : argument.text;
}
