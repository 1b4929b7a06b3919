import { ByteRange } from '../byte-range.js';
import { HEADER, HeaderLine } from '../sip/header-line.js';
import { headerNamed, VIA } from '../sip/header-name.js';
import { findUri } from '../sip/header-value.js';
import type { SipMessage } from '../sip/sip-message.js';

export const SIP_LABELS = [
  'sip.method',
  'sip.status_code',
  'sip.call_id',
  'sip.from_uri',
  'sip.to_uri',
  'sip.via',
  'sip.cseq_method',
] as const;
const [METHOD, STATUS, CALL_ID, FROM_URI, TO_URI, VIAS, CSEQ_METHOD] = [0, 1, 2, 3, 4, 5, 6];

/** Where labels are written: each value between its name and its end. */
export interface LabelOutput {
  /** @param index in SIP_LABELS */
  beginLabel(index: number): void;
  /** The bytes of [start, end), which may be folded lines. */
  text(bytes: Buffer, start: number, end: number): void;
  number(value: number): void;
  comma(): void;
  endLabel(): void;
}

/** Finds the labels of a record in a message. Those whose header is missing are left out; Via values have a comma between them. */
export class SipLabels {
  readonly #uri = new ByteRange();
  readonly #line = new HeaderLine();

  write(output: LabelOutput, message: SipMessage): void {
    if (message.isRequest) writeRange(output, METHOD, message, message.method);
    else {
      output.beginLabel(STATUS);
      output.number(message.status);
      output.endLabel();
    }
    writeRange(output, CALL_ID, message, message.callId);
    this.#writeUri(output, FROM_URI, message, message.from);
    this.#writeUri(output, TO_URI, message, message.to);
    if (message.viaCount === 1) writeRange(output, VIAS, message, message.via);
    else if (message.viaCount > 1) this.#writeVias(output, message);
    writeRange(output, CSEQ_METHOD, message, message.cseqMethod);
  }

  #writeUri(output: LabelOutput, label: number, message: SipMessage, value: ByteRange): void {
    findUri(message.bytes, value, this.#uri);
    writeRange(output, label, message, this.#uri);
  }

  #writeVias(output: LabelOutput, { bytes, headersStart, bodyStart }: SipMessage): void {
    const line = this.#line;
    output.beginLabel(VIAS);
    let isFirst = true;
    for (let at = headersStart; line.read(bytes, at, bodyStart) === HEADER; at = line.next) {
      if (headerNamed(bytes, line.nameStart, line.nameEnd) !== VIA) continue;
      if (!isFirst) output.comma();
      isFirst = false;
      output.text(bytes, line.valueStart, line.valueEnd);
    }
    output.endLabel();
  }
}

function writeRange(
  output: LabelOutput,
  label: number,
  { bytes }: SipMessage,
  value: ByteRange,
): void {
  if (!value.isPresent) return;
  output.beginLabel(label);
  output.text(bytes, value.start, value.end);
  output.endLabel();
}
