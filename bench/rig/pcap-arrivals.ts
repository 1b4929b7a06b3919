const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** Takes a pcap stream as it comes, in pieces of any size, and tells of each record that is complete. */
export class PcapArrivals {
  readonly #onRecord: (seconds: number, frame: Buffer) => void;
  #rest = Buffer.alloc(0);
  #headerRead = false;

  /** @param onRecord is given the record's time in seconds since 1970, and its captured bytes */
  constructor(onRecord: (seconds: number, frame: Buffer) => void) {
    this.#onRecord = onRecord;
  }

  push(bytes: Buffer): void {
    let rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#headerRead && rest.length >= FILE_HEADER_BYTES) {
      this.#headerRead = true;
      rest = rest.subarray(FILE_HEADER_BYTES);
    }
    while (this.#headerRead && rest.length >= RECORD_HEADER_BYTES) {
      const end = RECORD_HEADER_BYTES + rest.readUInt32LE(8);
      if (rest.length < end) break;
      this.#onRecord(
        rest.readUInt32LE(0) + rest.readUInt32LE(4) / 1e6,
        rest.subarray(RECORD_HEADER_BYTES, end),
      );
      rest = rest.subarray(end);
    }
    this.#rest = rest;
  }
}
