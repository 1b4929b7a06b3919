import { RECORD_HEADER_BYTES, writeUint32 } from '../packet/record.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { PayloadType } from '../protocols/hep/chunk.js';
import { HepWriter } from '../protocols/hep/hep-writer.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import { udpFrameHeaderBytes, writeUdpFrame } from '../protocols/udp-frame.js';
import { withRoom } from '../protocols/with-room.js';

/** LINKTYPE_RAW: frames begin with IP's header. */
const RAW = 101;
const LONGEST = 0xffff;

/**
 * Messages as packets that say all of them again: each a datagram with the HEP packet of the message, from and to the same
 * ends. `SipReader` reads them back.
 */
export class MessageRecords {
  readonly #writer = new HepWriter({ version: 3, captureId: 0 });
  #bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #length = 0;

  /** The packets of the messages that fit into one. The batch's memory is used again. */
  write(messages: MessageBatch): PacketBatch {
    this.#length = 0;
    let count = 0;
    for (let index = 0; index < messages.count; index++) {
      messages.go(index);
      if (this.#append(messages)) count++;
    }
    return {
      bytes: this.#bytes.subarray(0, this.#length),
      count,
      link: { linkType: RAW, precision: 'micro', snapLength: LONGEST },
    };
  }

  #append({ message, passage }: MessageBatch): boolean {
    const hepBytes = this.#writer.write(passage, PayloadType.Sip, message);
    const frameBytes = udpFrameHeaderBytes(passage) + hepBytes;
    if (hepBytes === 0 || frameBytes > LONGEST) return false;
    const at = this.#length;
    this.#bytes = withRoom(this.#bytes, this.#length, RECORD_HEADER_BYTES + frameBytes);
    const bytes = this.#bytes;
    writeUint32(bytes, passage.seconds, at);
    writeUint32(bytes, passage.microseconds, at + 4);
    writeUint32(bytes, frameBytes, at + 8);
    writeUint32(bytes, frameBytes, at + 12);
    writeUdpFrame(bytes, at + RECORD_HEADER_BYTES, passage, this.#writer.bytes, 0, hepBytes);
    this.#length = at + RECORD_HEADER_BYTES + frameBytes;
    return true;
  }
}
