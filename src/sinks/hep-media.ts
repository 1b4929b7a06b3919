import { MAX_HEP3_BYTES } from '../protocols/hep/chunk.js';
import { HepWriter, type HepSettings } from '../protocols/hep/hep-writer.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';
import { MAX_DATAGRAM_BYTES } from './datagram-outlet.js';
import { HepPayloads } from './hep-payloads.js';
import type { MediaEncoder } from './media-encoder.js';

export interface HepMediaOptions extends HepSettings {
  readonly isDatagram: boolean;
}

/** A HEP packet with each media packet, of HEP3 alone, which says what is in it, with the Call-ID as the correlation id. */
export class HepMedia implements MediaEncoder {
  readonly #writer: HepWriter;
  readonly #mostBytes: number;
  readonly #payloads = new HepPayloads();

  constructor({ isDatagram, ...settings }: HepMediaOptions) {
    this.#writer = new HepWriter(settings);
    this.#mostBytes = isDatagram ? MAX_DATAGRAM_BYTES : MAX_HEP3_BYTES;
  }

  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean {
    const callId = Buffer.from(packet.callId);
    const correlation = { bytes: callId, start: 0, end: callId.length };
    const payload = this.#payloads.of(packet);
    const length = this.#writer.write(passage, payload.type, payload, correlation);
    if (length === 0 || length > this.#mostBytes) return false;
    out.copy(this.#writer.bytes, 0, length);
    return true;
  }
}
