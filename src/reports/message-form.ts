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

  get steps(): Int32Array {
    return Int32Array.from(this.#steps);
  }

  get literals(): Buffer {
    return this.#literals;
  }

  literal(text: string | Buffer): this {
    return this.#add(Step.Literal, ...this.#literal(text));
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

  /** Steps for messages that have this field. */
  where(column: number, add: (form: this) => void): this {
    const at = this.#steps.length;
    this.#add(Step.SkipUnless, column, 0);
    add(this);
    this.#steps[at + 2] = (this.#steps.length - at) / STEP_NUMBERS - 1;
    return this;
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

/**
 * Rows of messages that are to be written in a form, all in one call: what is in them is copied and escaped by the addon.
 *
 *     const at = rows.begin();
 *     rows.numbers[at + COLUMN] = …; // for each column
 *     rows.writeAll(out, ends);
 */
export class MessageRows {
  numbers: Int32Array;
  count = 0;
  readonly #columns: number;
  readonly #writer: NativeMessageWriter;
  readonly #sources: Buffer[] = [];

  constructor(form: MessageForm, columns: number) {
    this.#columns = columns;
    this.numbers = new Int32Array(SMALLEST_ROWS * columns);
    this.#writer = new addon.MessageWriter(form.steps, form.literals, columns);
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
    const columns = this.#columns;
    for (let done = 0; done < this.count;) {
      const rest = this.numbers.subarray(done * columns, this.count * columns);
      const some = ends.subarray(done, this.count);
      const written = this.#writer.write(rest, this.#sources, out.bytes, out.length, some);
      if (written > 0) out.length = some[written - 1] ?? out.length;
      done += written;
      // How long the next one gets is not known before it is written.
      if (done < this.count) out.makeRoom(2 * out.bytes.length - out.length);
    }
    this.count = 0;
    this.#sources.length = 0;
  }

  /** Bytes of the values of all framed messages that have been written. */
  get valueBytes(): number {
    return this.#writer.valueBytes();
  }
}
