import { nearest } from '../errors/nearest.js';
import { isAnyCase, isToken } from '../protocols/sip/ascii.js';
import { HEADER, HeaderLine } from '../protocols/sip/header-line.js';
import { CALL_ID, FROM, namesOfHeader, TO } from '../protocols/sip/header-name.js';
import { type AddressRange, isInRange, parseAddressRange } from './address-range.js';
import { type BytePattern, literalPattern } from './byte-pattern.js';
import { Call, foundInstead, isNumber, REGULAR_EXPRESSION } from './call.js';
import type { Expression } from './expression.js';
import type { SipFilter } from './sip-filter.js';

type Builder = (call: Call) => SipFilter | Promise<SipFilter>;

const TRANSPORTS = ['udp', 'tcp', 'ws', 'sctp', 'tls'];
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
      to: (call) => this.#known(call, 'to', TO),
      from: (call) => this.#known(call, 'from', FROM),
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
    const call = new Call(this.#text, expression);
    const builder = Object.hasOwn(this.#builders, call.name) && this.#builders[call.name];
    if (!builder) throw call.error(this.#unknown(call.name), call.at);
    return builder(call);
  }

  #unknown(name: string): string {
    const names = Object.keys(this.#builders);
    if (isNumber(name)) return `expected a test, such as (status ${name}), not a number`;
    const near = nearest(name, names);
    const expected = near ? `did you mean ${near}?` : `expected one of ${names.join(', ')}`;
    return `there is no test ${name}: ${expected}`;
  }

  #plain(call: Call, filter: SipFilter): SipFilter {
    call.count(0, 'nothing');
    return filter;
  }

  #status(call: Call): SipFilter {
    const codes = call
      .list('a status code, such as 200')
      .map((argument) => call.number(argument, 'a status code, such as 200'));
    const [first] = codes;
    if (codes.length === 1) return (message) => message.status === first && !message.isRequest;
    return (message) => !message.isRequest && codes.includes(message.status);
  }

  #methods(call: Call): SipFilter {
    const methods = call.list('a method, such as invite').map((argument) => {
      const method = argument.kind === 'list' ? '' : argument.text;
      const isWrong = argument.kind === 'word' && isNumber(method);
      if (method === '' || isWrong || ![...Buffer.from(method)].every(isToken))
        throw call.error(`expected a method, such as invite${foundInstead(argument)}`, argument.at);
      return method.toLowerCase();
    });
    return (message) => {
      message.readMethod();
      const { bytes, method } = message;
      const { start, end } = method;
      for (const wanted of methods) if (isAnyCase(bytes, start, end, wanted)) return true;
      return false;
    };
  }

  #hasHeader(call: Call): SipFilter {
    const names = call.headerNames(1);
    return someHeader(names, (_bytes, start, end) => end > start);
  }

  async #header(call: Call): Promise<SipFilter> {
    const names = call.headerNames(2);
    return someHeader(names, await call.valuePattern(1));
  }

  async #named(call: Call, name: string): Promise<SipFilter> {
    call.count(1, REGULAR_EXPRESSION);
    return someHeader(namesOfHeader(name), await call.valuePattern(0));
  }

  /** Of a header that every message's reading finds: others of its name are looked for only where there are any. */
  async #known(call: Call, name: string, header: typeof FROM | typeof TO): Promise<SipFilter> {
    call.count(1, REGULAR_EXPRESSION);
    const pattern = await call.valuePattern(0);
    const inAny = someHeader(namesOfHeader(name), pattern);
    return (message, passage) => {
      const { start, end } = message.findValue(header);
      if (start === -1) return false;
      return pattern(message.bytes, start, end) || (message.hasRepeats && inAny(message, passage));
    };
  }

  async #uri(call: Call): Promise<SipFilter> {
    call.count(1, REGULAR_EXPRESSION);
    const pattern = await call.pattern(0);
    return ({ bytes, uri }) => uri.start !== -1 && pattern(bytes, uri.start, uri.end);
  }

  #callId(call: Call): SipFilter {
    const patterns = call
      .list('a Call-ID')
      .map((argument) =>
        literalPattern({ text: call.string(argument, 'a Call-ID'), fromStart: true, toEnd: true }),
      );
    return (message) => {
      const { start, end } = message.findValue(CALL_ID);
      const { bytes } = message;
      return start !== -1 && patterns.some((pattern) => pattern(bytes, start, end));
    };
  }

  async #body(call: Call): Promise<SipFilter> {
    call.count(1, REGULAR_EXPRESSION);
    const pattern = await call.pattern(0);
    return (message) =>
      message.readHeaders() && pattern(message.bytes, message.bodyStart, message.end);
  }

  async #message(call: Call): Promise<SipFilter> {
    call.count(1, REGULAR_EXPRESSION);
    const pattern = await call.pattern(0);
    return (message) => {
      if (!message.readHeaders()) return false;
      const { bytes, start, bodyStart, end } = message;
      return pattern(bytes, start, bodyStart) || pattern(bytes, bodyStart, end);
    };
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
    return call.list(expected).map((argument) => {
      const range = argument.kind === 'list' ? undefined : parseAddressRange(argument.text);
      if (!range) throw call.error(`expected ${expected}${foundInstead(argument)}`, argument.at);
      return range;
    });
  }

  #port(call: Call): SipFilter {
    const ports = call.list('a port, such as 5060').map((argument) => {
      const port = call.number(argument, 'a port, such as 5060');
      if (port < 0 || port > HIGHEST_PORT)
        throw call.error(
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
    const transports = call.list(expected).map((argument) => {
      const name = argument.kind === 'list' ? '' : argument.text.toLowerCase();
      if (!TRANSPORTS.includes(name))
        throw call.error(`expected ${expected}${foundInstead(argument)}`, argument.at);
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
    call.count(1, 'a test');
    const [filter] = await this.#filters(call);
    return (message, passage) => filter?.(message, passage) === false;
  }

  /** One after the other, so that the first fault of a text is the one that is shown. */
  async #filters(call: Call): Promise<SipFilter[]> {
    const filters: SipFilter[] = [];
    for (const argument of call.list('a test')) filters.push(await this.compile(argument));
    return filters;
  }
}

/** Walks over a message's headers: none of them is looked at where no filter asks for it. */
function someHeader(names: readonly string[], test: BytePattern): SipFilter {
  const line = new HeaderLine();
  return (message) => {
    if (!message.readHeaders()) return false;
    const { bytes, headersStart, bodyStart } = message;
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
