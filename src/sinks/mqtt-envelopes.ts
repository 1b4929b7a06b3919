import { PublishFrame } from '../mqtt/publish-packet.js';
import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { MqttEnvelopeWriter } from '../protocols/report/mqtt-envelope.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { MessageEncoder } from './message-encoder.js';

/** The envelope of each message as a PUBLISH packet, for MqttOutlet. */
export class MqttEnvelopes implements MessageEncoder {
  bytesBeside = 0;
  readonly #frame: PublishFrame;
  readonly #envelopes: MqttEnvelopeWriter;

  /** @param version of kcap */
  constructor(topic: string, version: string) {
    this.#frame = new PublishFrame(topic);
    this.#envelopes = new MqttEnvelopeWriter(version);
  }

  encode(out: JsonBytes, message: SipMessage, passage: Passage): boolean {
    const start = out.length;
    this.#frame.begin(out);
    const payloadStart = out.length;
    this.#envelopes.write(out, message, passage);
    const payloadBytes = out.length - payloadStart;
    this.#frame.end(out);
    this.bytesBeside += out.length - start - payloadBytes;
    return true;
  }
}
