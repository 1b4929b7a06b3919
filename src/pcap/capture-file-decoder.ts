import type { CaptureDecoder, Decoded, UnusablePackets } from './capture-decoder.js';
import { hasPcapMagic } from './file-header.js';
import { PcapDecoder } from './pcap-decoder.js';
import { PcapngDecoder, SECTION_HEADER } from './pcapng-decoder.js';

const MAGIC_BYTES = 4;

/** Decodes a capture file of the format that its first bytes say. */
export class CaptureFileDecoder implements CaptureDecoder {
  readonly #unusable: UnusablePackets;
  #decoder: CaptureDecoder | undefined;

  constructor(unusable: UnusablePackets) {
    this.#unusable = unusable;
  }

  decode(bytes: Buffer): Decoded {
    if (this.#decoder) return this.#decoder.decode(bytes);
    const nothing = { batch: undefined, consumed: 0, wanted: MAGIC_BYTES };
    if (bytes.length < MAGIC_BYTES) return nothing;
    this.#decoder = this.#decoderOf(bytes);
    return this.#decoder?.decode(bytes) ?? { ...nothing, problem: 'not a pcap or pcapng file' };
  }

  problemAtEnd(unconsumed: number): string | undefined {
    return this.#decoder
      ? this.#decoder.problemAtEnd(unconsumed)
      : 'not a pcap or pcapng file: it ends too early';
  }

  #decoderOf(beginning: Buffer): CaptureDecoder | undefined {
    if (beginning.readUInt32LE(0) === SECTION_HEADER) return new PcapngDecoder(this.#unusable);
    return hasPcapMagic(beginning) ? new PcapDecoder() : undefined;
  }
}
