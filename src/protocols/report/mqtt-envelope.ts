import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import type { SipMessage } from '../sip/sip-message.js';
import { fnv1a64 } from './fnv.js';
import { writeTime } from './time-text.js';

const BEGIN = Buffer.from('{"sip":"');
const TIME = Buffer.from('","time":"');
const ID = Buffer.from('","id":');

/**
 * Writes a message in sip-capture's envelope, as bytes: `{"sip":"base64","time":"RFC 3339","id":"Call-ID","version":".."}`.
 * Where there is no Call-ID, the id is the hash of the message that sip-capture takes.
 */
export class MqttEnvelopeWriter {
  readonly #end: Buffer;

  /** @param version of kcap, such as 1.2.3 */
  constructor(version: string) {
    this.#end = Buffer.from(`,"version":${JSON.stringify(`kcap/${version}`)}}`);
  }

  /** Writes one JSON object behind what is there. */
  write(json: JsonBytes, message: SipMessage, { seconds, microseconds }: Passage): void {
    const { bytes, start, end, callId } = message;
    json.raw(BEGIN);
    json.base64(bytes, start, end);
    json.raw(TIME);
    writeTime(json, seconds, microseconds);
    json.raw(ID);
    if (callId.length > 0) json.string(bytes, callId.start, callId.end);
    else json.text(fnv1a64(bytes, start, end));
    json.raw(this.#end);
  }
}
