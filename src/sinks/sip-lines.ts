import { ByteRange } from '../protocols/byte-range.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { writeAddress } from '../protocols/report/ip-text.js';
import { findUri, findUser } from '../protocols/sip/header-value.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { MessageEncoder } from './message-encoder.js';

export interface SipLinesOptions {
  readonly colours: boolean;
  /** The whole message below its line. */
  readonly raw: boolean;
}

const DIM = 2;
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const CYAN = 36;
/** No column pushes the others further to the right than this. */
const WIDEST = 44;
const TRANSPORT_WIDTH = 4;

/** A line for people about each message; columns are as wide as what has come so far. */
export class SipLines implements MessageEncoder {
  readonly #colours: boolean;
  readonly #raw: boolean;
  readonly #address = new JsonBytes();
  readonly #uri = new ByteRange();
  readonly #user = new ByteRange();
  readonly #widths: number[] = [];

  constructor({ colours, raw }: SipLinesOptions) {
    this.#colours = colours;
    this.#raw = raw;
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    const { addresses, sourceAt, destinationAt } = passage;
    const parts = [
      this.#paint(timeOfDay(passage), DIM),
      this.#column(0, this.#end(addresses, passage, sourceAt, passage.sourcePort), 'right'),
      '>',
      this.#column(1, this.#end(addresses, passage, destinationAt, passage.destinationPort)),
      passage.transport.toUpperCase().padEnd(TRANSPORT_WIDTH),
      this.#first(message),
      this.#column(3, shown(message.text(message.cseq))),
      this.#column(4, shown(message.text(message.callId))),
      `${this.#userOf(message, message.from)} > ${this.#userOf(message, message.to)}`,
    ];
    out.piece(`${parts.join(' ')}\n`);
    if (this.#raw) out.piece(`${rawText(message)}\n`);
    return true;
  }

  /** Method and URI, or status and reason. */
  #first(message: SipMessage): string {
    const { isRequest, status } = message;
    const [word, rest] = isRequest
      ? [message.text(message.method), message.text(message.uri)]
      : [String(status), message.text(message.reason)];
    const text = `${shown(word)} ${shown(rest)}`;
    const width = this.#column(2, text);
    const colour = isRequest ? CYAN : status < 200 ? YELLOW : status < 400 ? GREEN : RED;
    const first = shown(word);
    return this.#paint(first, colour) + width.slice(first.length);
  }

  /** With what follows it beginning in the same column as on the lines before. */
  #column(index: number, text: string, side: 'left' | 'right' = 'left'): string {
    const width = Math.max(this.#widths[index] ?? 0, Math.min(text.length, WIDEST));
    this.#widths[index] = width;
    return side === 'left' ? text.padEnd(width) : text.padStart(width);
  }

  #end(addresses: Buffer, passage: Passage, at: number, port: number): string {
    const out = this.#address;
    out.clear();
    writeAddress(out, addresses, at, passage.addressBytes);
    const address = out.bytes.toString('latin1', 0, out.length);
    return passage.ipVersion === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  }

  /** The user of a value's URI, or its host where there is none. */
  #userOf(message: SipMessage, value: ByteRange): string {
    findUri(message.bytes, value, this.#uri);
    findUser(message.bytes, this.#uri, this.#user);
    const text = message.text(this.#user) || message.text(this.#uri).replace(/^sips?:/i, '');
    return text === '' ? '-' : shown(text);
  }

  #paint(text: string, colour: number): string {
    return this.#colours ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }
}

/** In local time. */
function timeOfDay({ seconds, microseconds }: Passage): string {
  const date = new Date(seconds * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(microseconds).padStart(6, '0')}`;
}

function rawText({ bytes, start, end }: SipMessage): string {
  const lines = bytes.toString('utf8', start, end).trimEnd().split(/\r?\n/);
  return lines.map((line) => `    ${shown(line)}`.trimEnd()).join('\n');
}

/* eslint-disable no-control-regex -- they are what this is about */

/**
 * A stranger's text as a terminal may show it: control characters, and those that turn the direction of writing around,
 * as escapes.
 */
function shown(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 256
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}
