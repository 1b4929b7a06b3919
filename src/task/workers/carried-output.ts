import { OutputClosed, WriteFailed, type ByteOutput } from '../../files/byte-output.js';
import { codeOf, messageOf } from '../../errors/user-error.js';
import type { FromWorker, WriteTrouble } from './messages.js';

/** Tells the worker's parent something; what is transferred no longer belongs to the worker. */
export type Post = (message: FromWorker, transferred?: readonly ArrayBuffer[]) => void;

/** A worker's end of the output that all workers share: their parent writes. */
export class CarriedOutput implements ByteOutput {
  readonly #post: Post;
  readonly #waiting = new Map<number, (trouble: WriteTrouble | undefined) => void>();
  #lastId = 0;

  constructor(post: Post) {
    this.#post = post;
  }

  async write(bytes: Buffer, giveUp: AbortSignal): Promise<void> {
    const id = ++this.#lastId;
    const trouble = await new Promise<WriteTrouble | undefined>((resolve) => {
      const nothing = () => {
        resolve({ bytesWritten: 0, isGivenUp: true });
      };
      giveUp.addEventListener('abort', nothing, { once: true });
      this.#waiting.set(id, (of) => {
        giveUp.removeEventListener('abort', nothing);
        resolve(of);
      });
      // A copy: the bytes may be others when they are written.
      const copy = new Uint8Array(bytes);
      this.#post({ kind: 'write', id, bytes: copy }, [copy.buffer]);
      if (giveUp.aborted) nothing();
    });
    this.#waiting.delete(id);
    if (!trouble) return;
    const { bytesWritten, isGivenUp, failure } = trouble;
    if (!failure) throw new OutputClosed(bytesWritten, isGivenUp);
    const error = Object.assign(new Error(failure.message), {
      ...(failure.code !== undefined && { code: failure.code, syscall: 'write' }),
    });
    throw new WriteFailed(failure.output, error, bytesWritten);
  }

  /** What was to be written is, or will not be. */
  written(id: number, trouble: WriteTrouble | undefined): void {
    this.#waiting.get(id)?.(trouble);
  }

  onReaderLeft(): void {
    // The parent, which has the output, hears of it and stops all workers.
  }

  async close(): Promise<void> {
    // It is not this one's.
  }
}

/** The output itself: what workers give is written whole, one after the other. */
export class CommonOutput {
  readonly #output: ByteOutput;
  readonly #giveUp: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(output: ByteOutput, giveUp: AbortSignal) {
    this.#output = output;
    this.#giveUp = giveUp;
  }

  /** Why not all of it was written; undefined where it was. */
  write(bytes: Uint8Array): Promise<WriteTrouble | undefined> {
    const writing = this.#last.then(() => this.#write(bytes));
    this.#last = writing;
    return writing;
  }

  close(): Promise<void> {
    return this.#output.close();
  }

  async #write({ buffer, byteOffset, length }: Uint8Array): Promise<WriteTrouble | undefined> {
    try {
      await this.#output.write(Buffer.from(buffer, byteOffset, length), this.#giveUp);
      return undefined;
    } catch (error) {
      if (error instanceof OutputClosed) {
        const { bytesWritten, isGivenUp } = error;
        return { bytesWritten, isGivenUp };
      }
      if (!(error instanceof WriteFailed)) throw error;
      const { bytesWritten, output, reason } = error;
      const code = codeOf(reason);
      const failure = { output, message: messageOf(reason), ...(code !== undefined && { code }) };
      return { bytesWritten, failure };
    }
  }
}
