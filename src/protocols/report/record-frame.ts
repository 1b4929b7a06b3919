import type { JsonBytes } from '../json-bytes.js';
import type { Passage } from '../passage.js';
import { writeAddress } from './ip-text.js';

/** Who reports: the same for all records of a run. */
export interface Reporter {
  readonly taskId: string;
  readonly agentId: string;
  readonly pipelineId: number;
  /** That every record carries beside its own. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Labels as the beginning of a JSON object's members, each with a comma behind it. */
export function labelMembers(labels: Readonly<Record<string, string>> = {}): Buffer {
  const members = Object.entries(labels).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`,
  );
  return Buffer.from(members.join(''));
}

const piece = (text: string): Buffer => Buffer.from(text);
const TIMESTAMP_US = piece(',"timestamp_us":');
const SOURCE_IP = piece(',"src_ip":"');
const DESTINATION_IP = piece('","dst_ip":"');
const SOURCE_PORT = piece('","src_port":');
const DESTINATION_PORT = piece(',"dst_port":');
const PROTOCOL = piece(',"protocol":');
const RAW_PAYLOAD = piece(',"raw_payload":"');
const RAW_PAYLOAD_LENGTH = piece('","raw_payload_len":');
const END = piece('}');

/** The frame of a record as capture-agent's Kafka reporter has it: all but what depends on what was captured. */
export class RecordFrame {
  /** Where the record written last has its time in ms. */
  timestampAt = 0;
  timestampEnd = 0;
  readonly #begin: Buffer;

  constructor({ taskId, agentId, pipelineId }: Reporter) {
    const begin = { task_id: taskId, agent_id: agentId, pipeline_id: pipelineId };
    this.#begin = Buffer.from(`${JSON.stringify(begin).slice(0, -1)},"timestamp":`);
  }

  /** Writes the object's beginning, up to its protocol's number. */
  begin(json: JsonBytes, passage: Passage): void {
    const { seconds, microseconds, addresses, addressBytes } = passage;
    json.raw(this.#begin);
    this.timestampAt = json.length;
    json.number(seconds * 1000 + Math.floor(microseconds / 1000));
    this.timestampEnd = json.length;
    json.raw(TIMESTAMP_US);
    json.number(seconds * 1_000_000 + microseconds);
    json.raw(SOURCE_IP);
    writeAddress(json, addresses, passage.sourceAt, addressBytes);
    json.raw(DESTINATION_IP);
    writeAddress(json, addresses, passage.destinationAt, addressBytes);
    json.raw(SOURCE_PORT);
    json.number(passage.sourcePort);
    json.raw(DESTINATION_PORT);
    json.number(passage.destinationPort);
    json.raw(PROTOCOL);
    json.number(passage.protocol);
  }

  /** Writes what was captured, [start, end), and the object's end. */
  end(json: JsonBytes, bytes: Buffer, start: number, end: number): void {
    json.raw(RAW_PAYLOAD);
    json.base64(bytes, start, end);
    json.raw(RAW_PAYLOAD_LENGTH);
    json.number(end - start);
    json.raw(END);
  }
}
