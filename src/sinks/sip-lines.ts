import { ByteRange } from '../protocols/byte-range.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { findUri, findUser } from '../protocols/sip/header-value.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { shown, type LineColumns } from './line-columns.js';
import type { MessageEncoder } from './message-encoder.js';

export interface SipLinesOptions {
  readonly colours: boolean;
  /** The whole message below its line. */
  readonly raw: boolean;
}

const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const CYAN = 36;

/** A line for people about each message. */
export class SipLines implements MessageEncoder {
  readonly #columns: LineColumns;
  readonly #raw: boolean;
  readonly #uri = new ByteRange();
  readonly #user = new ByteRange();

  constructor(columns: LineColumns, { raw }: Pick<SipLinesOptions, 'raw'>) {
    this.#columns = columns;
    this.#raw = raw;
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    const columns = this.#columns;
    const parts = [
      columns.beginning(passage, passage.transport.toUpperCase()),
      this.#first(message),
      columns.column(3, shown(message.text(message.cseq))),
      columns.column(4, shown(message.text(message.callId))),
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
    const width = this.#columns.column(2, text);
    const colour = isRequest ? CYAN : status < 200 ? YELLOW : status < 400 ? GREEN : RED;
    const first = shown(word);
    return this.#columns.paint(first, colour) + width.slice(first.length);
  }

  /** The user of a value's URI, or its host where there is none. */
  #userOf(message: SipMessage, value: ByteRange): string {
    findUri(message.bytes, value, this.#uri);
    findUser(message.bytes, this.#uri, this.#user);
    const text = message.text(this.#user) || message.text(this.#uri).replace(/^sips?:/i, '');
    return text === '' ? '-' : shown(text);
  }
}

function rawText({ bytes, start, end }: SipMessage): string {
  const lines = bytes.toString('utf8', start, end).trimEnd().split(/\r?\n/);
  return lines.map((line) => `    ${shown(line)}`.trimEnd()).join('\n');
}
