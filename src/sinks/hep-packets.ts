import { deflateSync } from 'node:zlib';
import { MAX_HEP3_BYTES, PayloadType } from '../protocols/hep/chunk.js';
import { HepWriter, type HepSettings } from '../protocols/hep/hep-writer.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import { COLUMNS, type MessageBatch } from '../protocols/message-batch.js';
import type { Passage } from '../protocols/passage.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { hep3Form } from '../reports/hep-form.js';
import { RowWriter } from '../reports/message-form.js';
import { MAX_DATAGRAM_BYTES } from './datagram-outlet.js';
import type { MessageEncoder } from './message-encoder.js';

export interface HepPacketsOptions extends HepSettings {
  /** Messages that do not fit are compressed, which HEP3 alone can say. */
  readonly compresses: boolean;
  readonly isDatagram: boolean;
}

interface MutableBytes {
  bytes: Buffer;
  start: number;
  end: number;
}

/** A HEP packet with each message. */
export class HepPackets implements MessageEncoder {
  readonly #writer: HepWriter;
  readonly #rows: RowWriter | undefined;
  readonly #compresses: boolean;
  readonly #mostBytes: number;
  readonly #payload: MutableBytes = { bytes: Buffer.alloc(0), start: 0, end: 0 };
  readonly #callId: MutableBytes = { bytes: Buffer.alloc(0), start: 0, end: 0 };

  constructor({ compresses, isDatagram, ...settings }: HepPacketsOptions) {
    this.#writer = new HepWriter(settings);
    this.#compresses = compresses && settings.version === 3;
    this.#mostBytes = isDatagram ? MAX_DATAGRAM_BYTES : MAX_HEP3_BYTES;
    this.#rows =
      settings.version === 3
        ? new RowWriter(hep3Form(settings), COLUMNS, this.#mostBytes)
        : undefined;
  }

  writeRows(out: JsonBytes, batch: MessageBatch, first: number, ends: Int32Array): number {
    if (!this.#rows) return 0;
    return this.#rows.write(batch.rows.subarray(first * COLUMNS), batch.sources, out, ends);
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    const { bytes, start, end, callId } = message;
    const correlation = callId.length > 0 ? this.#callId : undefined;
    if (correlation) {
      correlation.bytes = bytes;
      correlation.start = callId.start;
      correlation.end = callId.end;
    }
    const payload = this.#payload;
    payload.bytes = bytes;
    payload.start = start;
    payload.end = end;
    const writer = this.#writer;
    let length = writer.lengthOf(passage, payload, correlation);
    const isCompressed = !this.#fits(length) && this.#compresses;
    if (isCompressed) {
      payload.bytes = deflateSync(bytes.subarray(start, end));
      payload.start = 0;
      payload.end = payload.bytes.length;
      length = writer.lengthOf(passage, payload, correlation);
    }
    if (!this.#fits(length)) return false;
    const at = out.reserve(length);
    writer.writeAt(out.bytes, at, passage, PayloadType.Sip, payload, correlation, isCompressed);
    return true;
  }

  #fits(length: number): boolean {
    return length > 0 && length <= this.#mostBytes;
  }
}
