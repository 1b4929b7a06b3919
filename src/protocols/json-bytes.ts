const SMALLEST_BYTES = 4096;
const FEW_BYTES = 24;
const QUOTE = 34;
const BACKSLASH = 92;

/** Bytes that stand for themselves in a JSON string: ASCII without control characters, quotes and backslashes. */
const PLAIN = new Uint8Array(256);
for (let byte = 32; byte < 127; byte++) PLAIN[byte] = byte === QUOTE || byte === BACKSLASH ? 0 : 1;

/**
 * JSON as bytes in one Buffer, which is filled again and again: what is copied out of packets is escaped on the way, and
 * becomes no string where it is plain ASCII, as most of it is.
 */
export class JsonBytes {
  bytes = Buffer.allocUnsafeSlow(SMALLEST_BYTES);
  /** How much of it has been written. */
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Writes a piece of JSON as it is. */
  raw(piece: Buffer): void {
    this.makeRoom(piece.length);
    const { bytes } = this;
    const { length } = piece;
    const at = this.length;
    // A call of copy() costs more than few bytes do.
    if (length > FEW_BYTES) piece.copy(bytes, at);
    else for (let index = 0; index < length; index++) bytes[at + index] = piece[index] ?? 0;
    this.length = at + length;
  }

  /** Leaves so many bytes, to be written later: where they begin. */
  reserve(count: number): number {
    this.makeRoom(count);
    const at = this.length;
    this.length = at + count;
    return at;
  }

  /** Writes the bytes of [start, end) as they are: many at once. */
  copy(from: Buffer, start: number, end: number): void {
    this.makeRoom(end - start);
    this.length += from.copy(this.bytes, this.length, start, end);
  }

  /** Writes the bytes of [start, end) as a string; folded lines become one, and what is no UTF-8 becomes U+FFFD. */
  string(from: Buffer, start: number, end: number): void {
    this.makeRoom(2 * (end - start) + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let index = start; index < end; index++) {
      const byte = from[index] ?? 0;
      if (PLAIN[byte] === 0) {
        if (byte !== QUOTE && byte !== BACKSLASH) {
          const text = unfolded(from.toString('utf8', start, end));
          this.text(text);
          return;
        }
        bytes[at++] = BACKSLASH;
      }
      bytes[at++] = byte;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** Writes a text as a string. */
  text(text: string): void {
    this.piece(JSON.stringify(text));
  }

  /** Writes JSON as it is. */
  piece(text: string): void {
    this.makeRoom(3 * text.length);
    this.length += this.bytes.write(text, this.length);
  }

  /** Writes a whole number of up to 53 bits. */
  number(value: number): void {
    this.makeRoom(20);
    const { bytes } = this;
    if (value < 0) {
      bytes[this.length++] = 45;
      value = -value;
    }
    let digits = 1;
    for (let limit = 10; limit <= value; limit *= 10) digits++;
    let at = this.length + digits;
    this.length = at;
    // Numbers of 32 bits are divided much faster.
    while (value > 0x7fff_ffff) {
      const tenth = Math.floor(value / 10);
      bytes[--at] = 48 + (value - tenth * 10);
      value = tenth;
      digits--;
    }
    let rest = value | 0;
    for (; digits > 0; digits--) {
      const tenth = (rest / 10) | 0;
      bytes[--at] = 48 + rest - tenth * 10;
      rest = tenth;
    }
  }

  /** Writes a whole number in as many digits, with zeros before it. */
  padded(value: number, digits: number): void {
    this.makeRoom(digits);
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      this.bytes[at] = 48 + (value % 10);
      value = Math.floor(value / 10);
    }
    this.length += digits;
  }

  /**
   * Writes the bytes of [start, end) in base64, without quotes. Through a string: Node's own coding is four times as fast
   * as a loop over the bytes, the string included.
   */
  base64(from: Buffer, start: number, end: number): void {
    this.makeRoom(Math.ceil((end - start) / 3) * 4);
    const text = from.toString('base64', start, end);
    this.length += this.bytes.write(text, this.length, 'latin1');
  }

  /** Writes up to 32 bits in hexadecimal digits, as many as it takes. */
  hex(value: number): void {
    this.makeRoom(8);
    let shift = 28;
    while (shift > 0 && value >>> shift === 0) shift -= 4;
    for (; shift >= 0; shift -= 4) {
      const digit = (value >>> shift) & 0x0f;
      this.bytes[this.length++] = digit < 10 ? 48 + digit : 87 + digit;
    }
  }

  /** Takes back the last byte: a comma after which nothing came. */
  dropLast(): void {
    this.length--;
  }

  /** Makes room for so many bytes more. */
  makeRoom(more: number): void {
    const needed = this.length + more;
    if (this.bytes.length >= needed) return;
    let size = this.bytes.length;
    while (size < needed) size *= 2;
    const larger = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** A folded header's value in one line (RFC 3261, section 7.3.1). */
export function unfolded(text: string): string {
  return text.includes('\n') ? text.replace(/[ \t]*\r?\n[ \t]+/g, ' ') : text;
}
