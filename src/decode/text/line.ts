import { uint16, uint8 } from '../../protocols/network-order.js';

const FIRST_BYTES = 64 * 1024;
const SPACE = 0x20;
const TILDE = 0x7e;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** Each number of a byte in decimal: up to 3 digits, and how many there are. */
const OCTETS = octets();

/** Colours of parts of a line. */
export enum Colour {
  Time = 2,
  Trouble = 31,
  Application = 36,
}

/**
 * Text that is put together as bytes, in memory that is used again for each batch. All that comes from a packet goes
 * through a method that leaves only printable ASCII of it.
 */
export class Line {
  bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  /** How many of them are used. */
  length = 0;
  readonly #colours: boolean;

  constructor({ colours }: { readonly colours: boolean }) {
    this.#colours = colours;
  }

  clear(): void {
    this.length = 0;
  }

  /** A text of ours: ASCII. */
  text(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const { bytes } = this;
    const at = this.length;
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.length = at + length;
  }

  /** A printable character, a line end or a tab of ours. */
  character(code: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = code;
  }

  newLine(): void {
    this.character(0x0a);
  }

  space(): void {
    this.character(SPACE);
  }

  /** From here on, where there are colours at all. */
  paint(colour: Colour): void {
    if (this.#colours) this.text(PAINTS[colour]);
  }

  plain(): void {
    if (this.#colours) this.text('\x1b[0m');
  }

  /** An unsigned number of up to 32 bits. */
  decimal(value: number): void {
    this.#reserve(10);
    this.#digits(value, decimalDigits(value));
  }

  /** With zeros in front, as many digits as given. */
  padded(value: number, digits: number): void {
    this.#reserve(digits);
    this.#digits(value, digits);
  }

  /** An unsigned number of up to 32 bits, of at least so many digits. */
  hex(value: number, digits = 1): void {
    this.#reserve(8);
    let count = digits;
    while (count < 8 && value >>> (count * 4) !== 0) count++;
    for (let i = count - 1; i >= 0; i--)
      this.bytes[this.length++] = uint8(HEX, (value >>> (i * 4)) & 0xf);
  }

  /** Bytes in hex, without anything between them. */
  hexBytes(bytes: Buffer, at: number, end: number): void {
    for (let i = at; i < end; i++) this.hex(uint8(bytes, i), 2);
  }

  /** A hardware address, of 6 bytes where nothing else is said. */
  mac(bytes: Buffer, at: number, length = 6): void {
    for (let i = 0; i < length; i++) {
      if (i > 0) this.character(0x3a);
      this.hex(uint8(bytes, at + i), 2);
    }
  }

  ipv4(bytes: Buffer, at: number): void {
    this.#reserve(15);
    this.#octet(uint8(bytes, at));
    this.bytes[this.length++] = 0x2e;
    this.#octet(uint8(bytes, at + 1));
    this.bytes[this.length++] = 0x2e;
    this.#octet(uint8(bytes, at + 2));
    this.bytes[this.length++] = 0x2e;
    this.#octet(uint8(bytes, at + 3));
  }

  /** As RFC 5952 writes addresses, and tcpdump: the longest run of zeros left out. */
  ipv6(bytes: Buffer, at: number): void {
    let bestAt = -1;
    let bestLength = 1;
    for (let i = 0; i < 8; i++) {
      let length = 0;
      while (i + length < 8 && uint16(bytes, at + 2 * (i + length)) === 0) length++;
      if (length > bestLength) {
        bestAt = i;
        bestLength = length;
      }
      i += length;
    }
    const isMapped =
      bestAt === 0 && (bestLength === 6 || (bestLength === 5 && uint16(bytes, at + 10) === 0xffff));
    for (let i = 0; i < 8; i++) {
      if (i === bestAt) {
        this.text('::');
        i += bestLength - 1;
        continue;
      }
      if (isMapped && i === 6) {
        if (bestLength === 5) this.character(0x3a);
        this.ipv4(bytes, at + 12);
        return;
      }
      if (i > 0 && i !== bestAt + bestLength) this.character(0x3a);
      this.hex(uint16(bytes, at + 2 * i));
    }
  }

  /** Bytes of a packet: what is no printable ASCII as tcpdump writes it, such as ^J and M-C. */
  escaped(bytes: Buffer, at: number, end: number): void {
    for (let i = at; i < end; i++) {
      let code = uint8(bytes, i);
      if (code >= 0x80) {
        this.text('M-');
        code &= 0x7f;
      }
      if (code < SPACE || code > TILDE) {
        this.character(0x5e);
        code ^= 0x40;
      }
      this.character(code);
    }
  }

  /** Bytes of a packet that are text, and are known to be: what is no printable ASCII becomes a dot. */
  printable(bytes: Buffer, at: number, end: number): void {
    this.#reserve(end - at);
    for (let i = at; i < end; i++) {
      const code = uint8(bytes, i);
      this.bytes[this.length++] = code < SPACE || code > TILDE ? 0x2e : code;
    }
  }

  /** The packet ends here within the headers of a protocol. */
  cut(protocol: string): void {
    this.paint(Colour.Trouble);
    this.text(' [|');
    this.text(protocol);
    this.character(0x5d);
    this.plain();
  }

  /** What a protocol says makes no sense. */
  invalid(): void {
    this.paint(Colour.Trouble);
    this.text(' (invalid)');
    this.plain();
  }

  #digits(value: number, digits: number): void {
    const { bytes } = this;
    let rest = value;
    for (let i = this.length + digits - 1; i >= this.length; i--) {
      const tenth = rest < 0x8000_0000 ? (rest / 10) | 0 : Math.floor(rest / 10);
      bytes[i] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    this.length += digits;
  }

  #octet(value: number): void {
    const { bytes } = this;
    const entry = value << 2;
    let at = this.length;
    const digits = uint8(OCTETS, entry + 3);
    bytes[at++] = uint8(OCTETS, entry);
    if (digits > 1) bytes[at++] = uint8(OCTETS, entry + 1);
    if (digits > 2) bytes[at++] = uint8(OCTETS, entry + 2);
    this.length = at;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

const PAINTS: Readonly<Record<Colour, string>> = {
  [Colour.Time]: '\x1b[2m',
  [Colour.Trouble]: '\x1b[31m',
  [Colour.Application]: '\x1b[36m',
};

function decimalDigits(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}

function octets(): Buffer {
  const table = Buffer.alloc(256 * 4);
  for (let value = 0; value < 256; value++) {
    const digits = String(value);
    table.write(digits, value * 4, 'latin1');
    table[value * 4 + 3] = digits.length;
  }
  return table;
}
