import { addon } from '../addon/addon.js';
import type { NativeMessageWriter } from '../addon/codec.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import { framedHeader } from '../protocols/report/framed-message.js';

/** What a step does (native/wire/message_form.h). */
const Step = {
  Literal: 0,
  Raw: 1,
  Json: 2,
  Base64: 3,
  Number: 4,
  Length: 5,
  Milliseconds: 6,
  Microseconds: 7,
  Address: 8,
  SkipUnless: 9,
  DropComma: 10,
  Frame: 11,
  EndKey: 12,
  EndValue: 13,
  Headers: 14,
  RawHeaders: 15,
  Header: 16,
  EndFrame: 17,
  BigEndian: 18,
  LengthBytes: 19,
  AddressBytes: 20,
  SkipUnlessIs: 21,
  SkipIfEmpty: 22,
  WholeLength: 23,
} as const;
const STEP_NUMBERS = 5;
const NO_SLOT = -1;
const SMALLEST_ROWS = 64;

/** A field of bytes: the columns of where it begins and, behind that, ends; and which source it is in. */
interface BytesField {
  readonly column: number;
  readonly source: number;
}

/**
 * The form in which messages are written, put together step by step: constants, and fields of rows of numbers, each named
 * by its column. A field whose first number is negative is missing. What a field has become may be the value of a header
 * of a framed message: its slot says so.
 */
export class MessageForm {
  readonly #steps: number[] = [];
  #literals = Buffer.alloc(0);
  #slots = 0;
  /** Steps before this are in other conditions. */
  #joinedFrom = 0;

  get steps(): Int32Array {
    return Int32Array.from(this.#steps);
  }

  get literals(): Buffer {
    return this.#literals;
  }

  literal(text: string | Buffer): this {
    const [at, length] = this.#literal(text);
    const last = this.#steps.length - STEP_NUMBERS;
    // One behind another is one.
    if (last < this.#joinedFrom || this.#steps[last] !== Step.Literal)
      return this.#add(Step.Literal, at, length);
    this.#steps[last + 2] = (this.#steps[last + 2] ?? 0) + length;
    return this;
  }

  /** Bytes as they are. */
  raw({ column, source }: BytesField): this {
    return this.#add(Step.Raw, column, source);
  }

  /** The content of a JSON string: folded lines become one, and what is no UTF-8 becomes U+FFFD. */
  json({ column, source }: BytesField, slot = NO_SLOT): this {
    return this.#add(Step.Json, column, source, slot);
  }

  base64({ column, source }: BytesField): this {
    return this.#add(Step.Base64, column, source);
  }

  /** A number of 32 bits without a sign, in decimal digits. */
  number(column: number, slot = NO_SLOT): this {
    return this.#add(Step.Number, column, slot);
  }

  /** How many bytes there are, in decimal digits. */
  length(column: number): this {
    return this.#add(Step.Length, column);
  }

  /** Since 1970, of columns of seconds and microseconds. */
  milliseconds(column: number, slot = NO_SLOT): this {
    return this.#add(Step.Milliseconds, column, slot);
  }

  microseconds(column: number): this {
    return this.#add(Step.Microseconds, column, NO_SLOT);
  }

  /** An IP address as text, by the columns of where it is, of its length (4 or 16) and of its source. */
  address(at: number, length: number, source: number, slot = NO_SLOT): this {
    return this.#add(Step.Address, at, length, source, slot);
  }

  /** A number in 1, 2 or 4 bytes, in network byte order. */
  bigEndian(column: number, bytes: 1 | 2 | 4): this {
    return this.#add(Step.BigEndian, column, bytes);
  }

  /** How many bytes there are, and so many more, in two bytes in network byte order. */
  lengthBytes(column: number, more: number): this {
    return this.#add(Step.LengthBytes, column, 0, more);
  }

  /** An IP address as it is, by the same columns as `address`. */
  addressBytes(at: number, length: number, source: number): this {
    return this.#add(Step.AddressBytes, at, length, source);
  }

  /** How long the message has become, in two bytes in network byte order, so many bytes behind its beginning. */
  wholeLength(at: number): this {
    return this.#add(Step.WholeLength, at);
  }

  /** Steps for messages that have this field. */
  where(column: number, add: (form: this) => void): this {
    return this.#where(add, Step.SkipUnless, column, 0);
  }

  /** Steps for messages in which this field of bytes is not empty. */
  whereNotEmpty(column: number, add: (form: this) => void): this {
    return this.#where(add, Step.SkipIfEmpty, column, 0);
  }

  /** Steps for messages with this number in the column. */
  whereIs(column: number, number: number, add: (form: this) => void): this {
    return this.#where(add, Step.SkipUnlessIs, column, 0, number);
  }

  /** Takes a comma back after which nothing has come. */
  dropComma(): this {
    return this.#add(Step.DropComma);
  }

  /** For what a header refers to. */
  slot(): number {
    return this.#slots++;
  }

  /** A message as Kafka's producer takes it begins (native/wire/framed_message.h): its key follows, up to `endKey`. */
  beginFrame(): this {
    return this.#add(Step.Frame);
  }

  /** The value follows, up to `endValue`. */
  endKey(): this {
    return this.#add(Step.EndKey);
  }

  /** Headers follow, up to `endFrame`. */
  endValue(): this {
    return this.#add(Step.EndValue);
  }

  /** A header that is the same in all messages. */
  header(name: string, value: string): this {
    return this.#add(Step.Headers, ...this.#literal(framedHeader(name, value)), 1);
  }

  /** A header whose value is what stands at the slot, before it was escaped. There is none where the slot was left out. */
  headerOf(name: string, slot: number): this {
    return this.#add(Step.Header, ...this.#literal(name), slot);
  }

  /** Headers that are framed already, and the column of how many. */
  rawHeaders({ column, source }: BytesField, count: number): this {
    return this.#add(Step.RawHeaders, column, source, count);
  }

  /** The time of the message is that of columns of seconds and microseconds. */
  endFrame(column: number): this {
    return this.#add(Step.EndFrame, column);
  }

  #where(add: (form: this) => void, ...step: number[]): this {
    const at = this.#steps.length;
    this.#add(...step);
    this.#joinedFrom = this.#steps.length;
    add(this);
    this.#joinedFrom = this.#steps.length;
    this.#steps[at + 2] = (this.#steps.length - at) / STEP_NUMBERS - 1;
    return this;
  }

  /** Where a constant is, and its length. */
  #literal(text: string | Buffer): [at: number, length: number] {
    const bytes = Buffer.from(text);
    const at = this.#literals.length;
    this.#literals = Buffer.concat([this.#literals, bytes]);
    return [at, bytes.length];
  }

  #add(...step: number[]): this {
    this.#steps.push(...step, ...Array<number>(STEP_NUMBERS - step.length).fill(0));
    return this;
  }
}

/** Writes rows of numbers in a form, many in one call: what they refer to is copied and escaped by the addon. */
export class RowWriter {
  readonly #columns: number;
  readonly #native: NativeMessageWriter;

  /** @param mostBytes that a message may become */
  constructor(form: MessageForm, columns: number, mostBytes = 0xffff_ffff) {
    this.#columns = columns;
    this.#native = new addon.MessageWriter(form.steps, form.literals, columns, mostBytes);
  }

  /**
   * Writes rows behind what is there, and where each ends: as many as `ends` has room for, unless the next would be too
   * long; how many.
   *
   * @param sources what fields refer to
   */
  write(rows: Int32Array, sources: readonly Buffer[], out: JsonBytes, ends: Int32Array): number {
    const columns = this.#columns;
    for (let done = 0; ;) {
      const rest = rows.subarray(done * columns);
      const some = ends.subarray(done);
      const result = this.#native.write(rest, sources, out.bytes, out.length, some);
      const written = result < 0 ? ~result : result;
      if (written > 0) out.length = some[written - 1] ?? out.length;
      done += written;
      if (result < 0 || done === ends.length) return done;
      // How long the next one gets is not known before it is written.
      out.makeRoom(2 * out.bytes.length - out.length);
    }
  }

  /** Bytes of the values of all framed messages that have been written. */
  get valueBytes(): number {
    return this.#native.valueBytes();
  }
}

/**
 * Rows of messages that are to be written in a form, all in one call.
 *
 *     const at = rows.begin();
 *     rows.numbers[at + COLUMN] = …; // for each column
 *     rows.writeAll(out, ends);
 */
export class MessageRows {
  numbers: Int32Array;
  count = 0;
  readonly #columns: number;
  readonly #writer: RowWriter;
  readonly #sources: Buffer[] = [];

  constructor(form: MessageForm, columns: number) {
    this.#columns = columns;
    this.numbers = new Int32Array(SMALLEST_ROWS * columns);
    this.#writer = new RowWriter(form, columns);
  }

  /** One more row: where it begins. */
  begin(): number {
    const at = this.count++ * this.#columns;
    if (at + this.#columns > this.numbers.length) {
      const longer = new Int32Array(2 * this.numbers.length);
      longer.set(this.numbers);
      this.numbers = longer;
    }
    return at;
  }

  /** The number of a source, which stays what it is until all is written. */
  sourceOf(bytes: Buffer): number {
    const sources = this.#sources;
    const last = sources.length - 1;
    if (sources[last] === bytes) return last;
    const index = sources.indexOf(bytes);
    return index === -1 ? sources.push(bytes) - 1 : index;
  }

  /** Writes all rows behind what is there, and where each ends; begins again. */
  writeAll(out: JsonBytes, ends: Int32Array): void {
    this.#writer.write(this.numbers, this.#sources, out, ends.subarray(0, this.count));
    this.count = 0;
    this.#sources.length = 0;
  }

  /** Bytes of the values of all framed messages that have been written. */
  get valueBytes(): number {
    return this.#writer.valueBytes;
  }
}
