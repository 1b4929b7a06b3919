/** The commands of Wireshark's control pipes (Developer's Guide, "Control Protocol"). */
export const COMMAND = {
  initialized: 0,
  set: 1,
  add: 2,
  statusBar: 6,
} as const;

export interface ControlMessage {
  /** The number of the control, as its sentence says it; of no matter for the status bar. */
  readonly control: number;
  readonly command: number;
  readonly payload: Buffer;
}

/** A capital T, the length of what follows in three bytes, control, command. */
const HEADER_BYTES = 6;
const SYNC = 0x54;
/** Control and command count for the length. */
const COUNTED_BYTES = 2;
/**
 * As much as a pipe takes whole or not at all (PIPE_BUF, 4096 bytes on Linux): a message must not be cut where
 * Wireshark does not read for a while. The protocol itself allows 65535 bytes.
 */
const MOST_PAYLOAD_BYTES = 4096 - HEADER_BYTES;
/** What the protocol allows. */
const LONGEST_PAYLOAD_BYTES = 65_535;

/** A message as bytes; a long text is cut. */
export function controlMessage(control: number, command: number, text = ''): Buffer {
  const payload = Buffer.from(text).subarray(0, MOST_PAYLOAD_BYTES);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(SYNC, 0);
  header.writeUIntBE(payload.length + COUNTED_BYTES, 1, 3);
  header.writeUInt8(control, 4);
  header.writeUInt8(command, 5);
  return Buffer.concat([header, payload]);
}

/** Takes messages out of a stream of bytes, however it is cut. */
export class ControlReader {
  #rest: Buffer = Buffer.alloc(0);
  #broken = false;

  /** The messages that are whole now. After bytes that are no message, none any more: nothing says where one begins. */
  read(bytes: Buffer): ControlMessage[] {
    if (this.#broken) return [];
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: ControlMessage[] = [];
    while (this.#rest.length >= HEADER_BYTES) {
      const length = this.#rest.readUIntBE(1, 3) - COUNTED_BYTES;
      if (this.#rest[0] !== SYNC || length < 0 || length > LONGEST_PAYLOAD_BYTES) {
        this.#broken = true;
        this.#rest = Buffer.alloc(0);
        break;
      }
      const end = HEADER_BYTES + length;
      if (this.#rest.length < end) break;
      messages.push({
        control: this.#rest.readUInt8(4),
        command: this.#rest.readUInt8(5),
        payload: Buffer.from(this.#rest.subarray(HEADER_BYTES, end)),
      });
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}
