import { type ByteOutput, OutputClosed, WriteFailed } from '#kcap/files/byte-output.js';

/** An output into memory, which may close after so many bytes, as a full disk does or as a reader; or fail. */
export class KeptOutput implements ByteOutput {
  readonly #chunks: Buffer[] = [];
  #room: number;
  readonly #error: Error | undefined;
  readonly #fillsUp: boolean;
  writes = 0;
  closed = 0;

  constructor({
    room = Infinity,
    error,
    fillsUp = false,
  }: { room?: number; error?: Error; fillsUp?: boolean } = {}) {
    this.#room = room;
    this.#fillsUp = fillsUp;
    this.#error = error;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get lines(): string[] {
    return this.bytes.toString().split('\n').slice(0, -1);
  }

  async write(bytes: Buffer): Promise<void> {
    this.writes++;
    // Its reader may take a while: nothing may rely on a write that is done at once.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#error) throw this.#error;
    const taken = Buffer.from(bytes.subarray(0, this.#room));
    this.#room -= taken.length;
    this.#chunks.push(taken);
    if (taken.length === bytes.length) return;
    throw this.#fillsUp
      ? new WriteFailed('out', 'ENOSPC: no space left on device', taken.length)
      : new OutputClosed(taken.length);
  }

  onReaderLeft(): void {
    // The test knows when.
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}
