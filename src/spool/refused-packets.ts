import type { Logger } from 'pino';
import { FILE_HEADER_BYTES } from '../pcap/file-header.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import { keyOf } from './segment.js';
import { SpoolFile } from './spool-file.js';
import { spoolError } from './spool-error.js';
import type { SpoolFolder } from './spool-folder.js';

/**
 * Packets that the brokers refuse for their own sake: they have failed, and are kept beside the spool for the user to
 * look at, as ….pcap.refused.
 */
export class RefusedPackets {
  readonly #folder: SpoolFolder;
  readonly #limitBytes: number;
  readonly #log: Logger;
  readonly #files = new Map<string, SpoolFile>();
  #byteLength: number;
  #saidWhyNot = false;

  /** @param byteLength what earlier runs have left of them */
  constructor(
    folder: SpoolFolder,
    { limitBytes, byteLength }: { readonly limitBytes: number; readonly byteLength: number },
    log: Logger,
  ) {
    this.#folder = folder;
    this.#limitBytes = limitBytes;
    this.#byteLength = byteLength;
    this.#log = log;
  }

  /** @param number of a file, should it take a new one */
  async keep(batch: PacketBatch, number: () => number): Promise<void> {
    const bytes = batch.bytes.length + FILE_HEADER_BYTES;
    if (this.#byteLength + bytes > this.#limitBytes) {
      this.#sayOnce(
        `no more refused packets are kept: there are ${this.#byteLength} bytes of them`,
      );
      return;
    }
    try {
      const file = await this.#fileFor(batch, number);
      await file.append(batch);
      this.#byteLength += bytes;
    } catch (error) {
      this.#sayOnce(
        `refused packets are not kept: ${spoolError(this.#folder.path, error).message}`,
      );
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.release();
    this.#files.clear();
  }

  async #fileFor({ link }: PacketBatch, number: () => number): Promise<SpoolFile> {
    const known = this.#files.get(keyOf(link));
    if (known) return known;
    const name = { number: number(), index: 1, interface: link.interface };
    const file = await SpoolFile.create(`${await this.#folder.place(name)}.refused`, link);
    this.#files.set(keyOf(link), file);
    this.#log.warn(`spool: packets that Kafka refuses are kept in ${file.path}`);
    return file;
  }

  #sayOnce(text: string): void {
    if (!this.#saidWhyNot) this.#log.warn(`spool: ${text}`);
    this.#saidWhyNot = true;
  }
}
