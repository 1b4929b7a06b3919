import { addon } from '../addon/addon.js';
import type { NativeDecompressor } from '../addon/codec.js';
import { messageOf } from '../errors/user-error.js';
import type { ByteInput } from './byte-input.js';

const COMPRESSED_BYTES = 64 * 1024;
const MAGIC_BYTES = 4;

type Compression = ConstructorParameters<typeof addon.Decompressor>[0];

/** The input itself, or where it is compressed with gzip, zstd or LZ4 (frames), what it holds. */
export async function decompressed(input: ByteInput): Promise<ByteInput> {
  const beginning = Buffer.alloc(MAGIC_BYTES);
  let filled = 0;
  while (filled < MAGIC_BYTES) {
    const bytesRead = await input.read(beginning, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  const whole = new BegunInput(beginning.subarray(0, filled), input);
  const compression = compressionOf(beginning);
  return compression ? new CompressedInput(compression, whole) : whole;
}

function compressionOf(beginning: Buffer): Compression | undefined {
  if (beginning.readUInt16BE(0) === 0x1f8b) return 'gzip';
  const magic = beginning.readUInt32LE(0);
  if (magic === 0xfd2f_b528) return 'zstd';
  // Frames to be skipped look the same in both; it is zstd's tools that write them first.
  if (magic >>> 4 === 0x184d_2a5) return 'zstd';
  return magic === 0x184d_2204 ? 'lz4' : undefined;
}

/** An input of which the beginning has been read already. */
class BegunInput implements ByteInput {
  readonly #rest: ByteInput;
  #beginning: Buffer;

  constructor(beginning: Buffer, rest: ByteInput) {
    this.#beginning = beginning;
    this.#rest = rest;
  }

  async read(into: Buffer, offset: number): Promise<number> {
    const copied = this.#beginning.copy(into, offset);
    this.#beginning = this.#beginning.subarray(copied);
    return copied > 0 ? copied : this.#rest.read(into, offset);
  }

  close(): Promise<void> {
    return this.#rest.close();
  }
}

class CompressedInput implements ByteInput {
  readonly #compression: Compression;
  readonly #input: ByteInput;
  readonly #decompressor: NativeDecompressor;
  readonly #buffer = Buffer.allocUnsafe(COMPRESSED_BYTES);
  #rest = this.#buffer.subarray(0, 0);
  #closed = false;

  constructor(compression: Compression, input: ByteInput) {
    this.#compression = compression;
    this.#input = input;
    this.#decompressor = new addon.Decompressor(compression);
  }

  async read(into: Buffer, offset: number): Promise<number> {
    const target = into.subarray(offset);
    while (!this.#isClosed()) {
      const { consumed, produced, mayEnd } = this.#decode(target);
      this.#rest = this.#rest.subarray(consumed);
      if (produced > 0) return produced;
      if (this.#rest.length > 0) continue;
      const bytesRead = await this.#input.read(this.#buffer, 0);
      if (bytesRead === 0 && !mayEnd && !this.#isClosed())
        throw new Error(`its ${this.#compression} data are cut off`);
      if (bytesRead === 0) return 0;
      this.#rest = this.#buffer.subarray(0, bytesRead);
    }
    return 0;
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#input.close();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #decode(target: Buffer): ReturnType<NativeDecompressor['decode']> {
    try {
      return this.#decompressor.decode(this.#rest, target);
    } catch (error) {
      const cause = messageOf(error);
      throw new Error(`its ${this.#compression} data are damaged: ${cause}`, { cause: error });
    }
  }
}
