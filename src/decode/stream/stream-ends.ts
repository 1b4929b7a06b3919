/** Between whom a stream flows. */
export class StreamEnds {
  ipVersion: 4 | 6 = 4;
  /** Source and destination address, in network byte order: 4 or 16 bytes each. */
  readonly addresses: Buffer = Buffer.alloc(32);
  sourcePort = 0;
  destinationPort = 0;
}
