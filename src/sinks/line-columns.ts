import { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { writeAddress } from '../protocols/report/ip-text.js';

const DIM = 2;
/** No column pushes the others further to the right than this. */
const WIDEST = 44;
const TRANSPORT_WIDTH = 4;

/** The columns of lines about messages and media: as wide as what has come so far. */
export class LineColumns {
  readonly #colours: boolean;
  readonly #address = new JsonBytes();
  readonly #widths: number[] = [];

  constructor(colours: boolean) {
    this.#colours = colours;
  }

  /** When it passed, between whom, over what. */
  beginning(passage: Passage, transport: string): string {
    const { sourceAt, destinationAt } = passage;
    return [
      this.paint(timeOfDay(passage), DIM),
      this.column(0, this.#end(passage, sourceAt, passage.sourcePort), 'right'),
      '>',
      this.column(1, this.#end(passage, destinationAt, passage.destinationPort)),
      transport.padEnd(TRANSPORT_WIDTH),
    ].join(' ');
  }

  /** With what follows it beginning in the same column as on the lines before. */
  column(index: number, text: string, side: 'left' | 'right' = 'left'): string {
    const width = Math.max(this.#widths[index] ?? 0, Math.min(text.length, WIDEST));
    this.#widths[index] = width;
    return side === 'left' ? text.padEnd(width) : text.padStart(width);
  }

  /** @param colour a number of SGR (ECMA-48) */
  paint(text: string, colour: number): string {
    return this.#colours ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }

  #end(passage: Passage, at: number, port: number): string {
    const out = this.#address;
    out.clear();
    writeAddress(out, passage.addresses, at, passage.addressBytes);
    const address = out.bytes.toString('latin1', 0, out.length);
    return passage.ipVersion === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  }
}

/** In local time. */
function timeOfDay({ seconds, microseconds }: Passage): string {
  const date = new Date(seconds * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(microseconds).padStart(6, '0')}`;
}

/* oxlint-disable no-control-regex -- they are what this is about */

/**
 * A stranger's text as a terminal may show it: control characters, and those that turn the direction of writing around,
 * as escapes.
 */
export function shown(text: string): string {
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
