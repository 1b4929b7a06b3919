import { maxSnapLength, type Link, type PacketBatch } from '../packet/packet-batch.js';
import { RECORD_HEADER_BYTES, recordLength } from '../packet/record.js';
import { FILE_HEADER_BYTES } from './file-header.js';
import { encodeInterface, encodeSectionHeader, packetBlockLength } from './pcapng-writer.js';

/** How large a capture file gets, known before it is written. */
export interface FileSize {
  /** Whether packets of this link go into the file. */
  holds(link: Link): boolean;
  /**
   * How many packets at the beginning of the batch go into the file until it has `limitBytes`: the last of them is the
   * one with which it has them. They count from now on.
   */
  take(batch: PacketBatch, limitBytes: number): number;
  isFull(limitBytes: number): boolean;
}

/** Of a classic pcap file. Its first packet decides the link type, if nothing else does. */
export class PcapSize implements FileSize {
  #linkType: number | undefined;
  #bytes = FILE_HEADER_BYTES;

  constructor(linkType?: number) {
    this.#linkType = linkType;
  }

  holds({ linkType }: Link): boolean {
    return this.#linkType === undefined || this.#linkType === linkType;
  }

  take(batch: PacketBatch, limitBytes: number): number {
    const { bytes, count, link } = batch;
    if (this.#bytes >= limitBytes) return 0;
    if (count === 0 || !this.holds(link)) return count;
    this.#linkType = link.linkType;
    const longest = maxSnapLength(link.linkType);
    if (link.snapLength <= longest && this.#bytes + bytes.length < limitBytes) {
      this.#bytes += bytes.length;
      return count;
    }
    let taken = 0;
    for (let at = 0; at < bytes.length && this.#bytes < limitBytes; taken++) {
      const length = recordLength(bytes, at);
      at += length;
      // Longer ones don't go into such a file.
      if (length - RECORD_HEADER_BYTES <= longest) this.#bytes += length;
    }
    return taken;
  }

  isFull(limitBytes: number): boolean {
    return this.#bytes >= limitBytes;
  }
}

/** So many interfaces are told apart here; a stranger may name any number of them in a topic. */
const MOST_INTERFACES = 10_000;

/** Of a pcapng file, without the statistics at its end. */
export class PcapngSize implements FileSize {
  readonly #interfaces = new Set<string>();
  #bytes: number;

  /** @param application who writes the file, as the file says it */
  constructor(application: string) {
    this.#bytes = encodeSectionHeader(application).length;
  }

  holds(): boolean {
    return true;
  }

  take(batch: PacketBatch, limitBytes: number): number {
    const { bytes, count, link } = batch;
    if (count === 0 || this.#bytes >= limitBytes) return 0;
    this.#countInterface(link);
    let taken = 0;
    // The interface alone is no file: a packet always goes with it.
    for (let at = 0; at < bytes.length && (taken === 0 || this.#bytes < limitBytes); taken++) {
      const length = recordLength(bytes, at);
      this.#bytes += packetBlockLength(length - RECORD_HEADER_BYTES);
      at += length;
    }
    return taken;
  }

  isFull(limitBytes: number): boolean {
    return this.#bytes >= limitBytes;
  }

  #countInterface(link: Link): void {
    const { linkType, precision, interface: name, host } = link;
    const key = JSON.stringify([linkType, precision, name, host]);
    if (this.#interfaces.has(key) || this.#interfaces.size === MOST_INTERFACES) return;
    this.#interfaces.add(key);
    this.#bytes += encodeInterface(link).length;
  }
}
