import { ByteRange } from '../protocols/byte-range.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import { HEADER, HeaderLine } from '../protocols/sip/header-line.js';
import { headerNamed, VIA } from '../protocols/sip/header-name.js';
import { findUri } from '../protocols/sip/header-value.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { MessageRows, type MessageForm } from './message-form.js';
import {
  beginRecord,
  CAPTURED,
  kafkaForm,
  lineForm,
  RECORD_COLUMNS,
  type Reporter,
} from './record-form.js';

/** What a record says that a message is about. */
const SIP_LABELS = [
  'sip.method',
  'sip.status_code',
  'sip.call_id',
  'sip.from_uri',
  'sip.to_uri',
  'sip.via',
  'sip.cseq_method',
] as const;
type SipLabel = (typeof SIP_LABELS)[number];

/** Where the rows of messages have their labels: those whose header is missing are left out. */
const COLUMNS: Readonly<Record<SipLabel, number>> = {
  'sip.method': RECORD_COLUMNS,
  'sip.status_code': RECORD_COLUMNS + 2,
  'sip.call_id': RECORD_COLUMNS + 3,
  'sip.from_uri': RECORD_COLUMNS + 5,
  'sip.to_uri': RECORD_COLUMNS + 7,
  'sip.via': RECORD_COLUMNS + 9,
  'sip.cseq_method': RECORD_COLUMNS + 11,
};
/** Several Via values are put together elsewhere. */
const VIA_SOURCE = RECORD_COLUMNS + 13;
const ALL_COLUMNS = RECORD_COLUMNS + 14;
const COMMA = Buffer.from(',');

/** Writes messages as the records that capture-agent's Kafka reporter has: a line each, or messages for Kafka. */
export class SipRecords {
  readonly #rows: MessageRows;
  readonly #uri = new ByteRange();
  readonly #line = new HeaderLine();
  /** Several Via values, with a comma between them. */
  readonly #vias = new JsonBytes();

  constructor(reporter: Reporter, as: 'lines' | 'kafka') {
    const slots = new Map<SipLabel, number>();
    const kind = {
      payloadType: 'sip',
      middle: (form: MessageForm) => {
        addLabels(form, reporter, slots);
      },
      headers: (form: MessageForm) => {
        for (const [label, slot] of slots) form.headerOf(`l.${label}`, slot);
      },
    };
    const form = as === 'lines' ? lineForm(reporter, kind) : kafkaForm(reporter, kind);
    this.#rows = new MessageRows(form, ALL_COLUMNS);
  }

  /** Takes a message, whose bytes stay what they are until `writeAll`. */
  add(message: SipMessage, passage: Passage): void {
    const rows = this.#rows;
    const at = beginRecord(rows, message, passage);
    const { numbers } = rows;
    putRange(numbers, at + COLUMNS['sip.method'], message.isRequest ? message.method : NONE);
    numbers[at + COLUMNS['sip.status_code']] = message.isRequest ? -1 : message.status;
    putRange(numbers, at + COLUMNS['sip.call_id'], message.callId);
    const uri = this.#uri;
    findUri(message.bytes, message.from, uri);
    putRange(numbers, at + COLUMNS['sip.from_uri'], uri);
    findUri(message.bytes, message.to, uri);
    putRange(numbers, at + COLUMNS['sip.to_uri'], uri);
    putRange(numbers, at + COLUMNS['sip.via'], message.via);
    numbers[at + VIA_SOURCE] = numbers[at + CAPTURED] ?? 0;
    if (message.viaCount > 1) this.#putVias(at, message);
    putRange(numbers, at + COLUMNS['sip.cseq_method'], message.cseqMethod);
  }

  /** Writes all messages behind what is there, and where each ends. The bytes of them that are the records'. */
  writeAll(out: JsonBytes, ends: Int32Array): number {
    const before = this.#rows.valueBytes;
    this.#rows.writeAll(out, ends);
    this.#vias.clear();
    return this.#rows.valueBytes - before;
  }

  #putVias(at: number, { bytes, headersStart, bodyStart }: SipMessage): void {
    const [vias, line, rows] = [this.#vias, this.#line, this.#rows];
    const start = vias.length;
    let isFirst = true;
    for (let next = headersStart; line.read(bytes, next, bodyStart) === HEADER; next = line.next) {
      if (headerNamed(bytes, line.nameStart, line.nameEnd) !== VIA) continue;
      if (!isFirst) vias.raw(COMMA);
      isFirst = false;
      vias.copy(bytes, line.valueStart, line.valueEnd);
    }
    rows.numbers[at + COLUMNS['sip.via']] = start;
    rows.numbers[at + COLUMNS['sip.via'] + 1] = vias.length;
    rows.numbers[at + VIA_SOURCE] = rows.sourceOf(vias.bytes);
  }
}

const NONE = new ByteRange();

function putRange(numbers: Int32Array, at: number, { start, end }: ByteRange): void {
  numbers[at] = start;
  numbers[at + 1] = end;
}

function addLabels(form: MessageForm, reporter: Reporter, slots: Map<SipLabel, number>): void {
  const same = Object.entries(reporter.labels ?? {}).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`,
  );
  form.literal(`,"payload_type":"sip","labels":{${same.join('')}`);
  for (const label of SIP_LABELS) {
    const column = COLUMNS[label];
    const slot = form.slot();
    slots.set(label, slot);
    form.where(column, () => {
      form.literal(`"${label}":"`);
      if (label === 'sip.status_code') form.number(column, slot);
      else form.json({ column, source: label === 'sip.via' ? VIA_SOURCE : CAPTURED }, slot);
      form.literal('",');
    });
  }
  form.dropComma().literal('}');
}
