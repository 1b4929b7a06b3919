/**
 * PUBLISH packets of MQTT 3.1.1 (section 3.3) with QoS 1: byte 0x32, the length of the rest in 1 to 4 bytes of 7 bits
 * each, the topic with its length (u16) before it, the packet's identifier (u16), and the payload.
 */
const PUBLISH_QOS_1 = 0x32;
const DUP = 0x08;
/** As many bytes of length as packets of 128 bytes up to 16 KiB have: of others the rest is moved. */
const USUAL_LENGTH_BYTES = 2;

/** Where packets are written: see JsonBytes. */
export interface PacketBytes {
  bytes: Buffer;
  length: number;
  reserve(count: number): number;
  raw(piece: Buffer): void;
}

/** Writes the frames of packets around payloads. Their identifiers are still missing. */
export class PublishFrame {
  /** The topic and room for the identifier. */
  readonly #head: Buffer;
  #at = 0;

  constructor(topic: string) {
    const name = Buffer.from(topic);
    this.#head = Buffer.alloc(2 + name.length + 2);
    this.#head.writeUInt16BE(name.length, 0);
    name.copy(this.#head, 2);
  }

  /** The payload comes next. */
  begin(out: PacketBytes): void {
    this.#at = out.reserve(1 + USUAL_LENGTH_BYTES);
    out.raw(this.#head);
  }

  end(out: PacketBytes): void {
    const at = this.#at;
    const restAt = at + 1 + USUAL_LENGTH_BYTES;
    const rest = out.length - restAt;
    const moved = lengthBytes(rest) - USUAL_LENGTH_BYTES;
    if (moved > 0) out.reserve(moved);
    if (moved !== 0) {
      out.bytes.copyWithin(restAt + moved, restAt, restAt + rest);
      out.length = restAt + moved + rest;
    }
    const { bytes } = out;
    bytes[at] = PUBLISH_QOS_1;
    let left = rest;
    for (let to = at + 1; ; to++) {
      const more = left > 0x7f;
      bytes[to] = (left & 0x7f) | (more ? 0x80 : 0);
      if (!more) break;
      left >>>= 7;
    }
  }
}

function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
}

/** Where the topic of the packet at `at` begins. */
function topicAt(bytes: Buffer, at: number): number {
  let to = at + 1;
  while ((bytes[to] ?? 0) & 0x80) to++;
  return to + 1;
}

/** Where its identifier lies. */
function identifierAt(bytes: Buffer, at: number): number {
  const topic = topicAt(bytes, at);
  return topic + 2 + bytes.readUInt16BE(topic);
}

/** Where its payload begins. */
export function payloadAt(bytes: Buffer, at: number): number {
  return identifierAt(bytes, at) + 2;
}

/** @param identifier 1 to 65535 */
export function identify(bytes: Buffer, at: number, identifier: number): void {
  bytes.writeUInt16BE(identifier, identifierAt(bytes, at));
}

/** Says that the packet may have been sent before. */
export function markAgain(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] ?? 0) | DUP;
}
