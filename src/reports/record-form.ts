import type { Passage } from '../protocols/passage.js';
import { MessageForm, type MessageRows } from './message-form.js';

/** Who reports: the same for all records of a run. */
export interface Reporter {
  readonly taskId: string;
  readonly agentId: string;
  readonly pipelineId: number;
  /** That every record carries beside its own. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The columns of every record; those of its kind follow. */
const Column = {
  Seconds: 0,
  Microseconds: 1,
  AddressBytes: 2,
  SourceAddress: 3,
  DestinationAddress: 4,
  Addresses: 5,
  SourcePort: 6,
  DestinationPort: 7,
  Protocol: 8,
  Payload: 9,
  PayloadEnd: 10,
} as const;
/** The source of what was captured, and of all that refers to it. */
export const CAPTURED = 11;
export const RECORD_COLUMNS = 12;

/** What records of a kind have of their own. */
interface RecordKind {
  /** Of packets; `undefined` where the record itself says it. */
  readonly payloadType: string;
  /** What stands between the protocol's number and what was captured. */
  readonly middle: (form: MessageForm) => void;
  /** Headers of Kafka's messages beside those that all have. */
  readonly headers: (form: MessageForm) => void;
}

/** Records as capture-agent's Kafka reporter has them, a line each. */
export function lineForm(reporter: Reporter, { middle }: RecordKind): MessageForm {
  const form = new MessageForm();
  addRecord(form, reporter, middle, form.slot());
  return form.literal('\n');
}

/**
 * Records as messages for Kafka, with the key and the headers that capture-agent's have: the key is `SRC:PORT-DST:PORT`.
 */
export function kafkaForm(reporter: Reporter, kind: RecordKind): MessageForm {
  const form = new MessageForm();
  const [source, sourcePort] = [form.slot(), form.slot()];
  const [destination, destinationPort] = [form.slot(), form.slot()];
  const time = form.slot();
  form
    .beginFrame()
    .address(Column.SourceAddress, Column.AddressBytes, Column.Addresses, source)
    .literal(':')
    .number(Column.SourcePort, sourcePort)
    .literal('-')
    .address(Column.DestinationAddress, Column.AddressBytes, Column.Addresses, destination)
    .literal(':')
    .number(Column.DestinationPort, destinationPort)
    .endKey();
  addRecord(form, reporter, kind.middle, time);
  form
    .endValue()
    .header('task_id', reporter.taskId)
    .header('agent_id', reporter.agentId)
    .header('payload_type', kind.payloadType);
  for (const [name, value] of Object.entries(reporter.labels ?? {}))
    form.header(`l.${name}`, value);
  form
    .headerOf('src_ip', source)
    .headerOf('dst_ip', destination)
    .headerOf('src_port', sourcePort)
    .headerOf('dst_port', destinationPort)
    .headerOf('timestamp', time);
  kind.headers(form);
  return form.endFrame(Column.Seconds);
}

function addRecord(
  form: MessageForm,
  { taskId, agentId, pipelineId }: Reporter,
  middle: (form: MessageForm) => void,
  time: number,
): void {
  const begin = JSON.stringify({ task_id: taskId, agent_id: agentId, pipeline_id: pipelineId });
  form
    .literal(`${begin.slice(0, -1)},"timestamp":`)
    .milliseconds(Column.Seconds, time)
    .literal(',"timestamp_us":')
    .microseconds(Column.Seconds)
    .literal(',"src_ip":"')
    .address(Column.SourceAddress, Column.AddressBytes, Column.Addresses)
    .literal('","dst_ip":"')
    .address(Column.DestinationAddress, Column.AddressBytes, Column.Addresses)
    .literal('","src_port":')
    .number(Column.SourcePort)
    .literal(',"dst_port":')
    .number(Column.DestinationPort)
    .literal(',"protocol":')
    .number(Column.Protocol);
  middle(form);
  form
    .literal(',"raw_payload":"')
    .base64({ column: Column.Payload, source: CAPTURED })
    .literal('","raw_payload_len":')
    .length(Column.Payload)
    .literal('}');
}

/** Begins the row of a record with what all have, of what was captured: [start, end). Where its own columns begin. */
export function beginRecord(
  rows: MessageRows,
  { bytes, start, end }: { readonly bytes: Buffer; readonly start: number; readonly end: number },
  passage: Passage,
): number {
  const at = rows.begin();
  const { numbers } = rows;
  numbers[at + Column.Seconds] = passage.seconds;
  numbers[at + Column.Microseconds] = passage.microseconds;
  numbers[at + Column.AddressBytes] = passage.addressBytes;
  numbers[at + Column.SourceAddress] = passage.sourceAt;
  numbers[at + Column.DestinationAddress] = passage.destinationAt;
  numbers[at + Column.Addresses] = rows.sourceOf(passage.addresses);
  numbers[at + Column.SourcePort] = passage.sourcePort;
  numbers[at + Column.DestinationPort] = passage.destinationPort;
  numbers[at + Column.Protocol] = passage.protocol;
  numbers[at + Column.Payload] = start;
  numbers[at + Column.PayloadEnd] = end;
  numbers[at + CAPTURED] = rows.sourceOf(bytes);
  return at;
}
