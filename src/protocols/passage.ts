/** IP's numbers of the protocols that carry messages. */
export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;

export type Transport = 'udp' | 'tcp' | 'ws' | 'sctp' | 'tls';

const NO_BYTES = Buffer.alloc(0);

/** When a message passed, from where to where: what the packet that completed it says. Moved from message to message. */
export class Passage {
  /** Since 1970. */
  seconds = 0;
  microseconds = 0;
  ipVersion: 4 | 6 = 4;
  /** Where the addresses lie, in network byte order: 4 or 16 bytes each. */
  addresses: Buffer = NO_BYTES;
  sourceAt = 0;
  destinationAt = 0;
  /** IP's number of the transport. */
  protocol = UDP;
  sourcePort = 0;
  destinationPort = 0;
  transport: Transport = 'udp';

  get addressBytes(): 4 | 16 {
    return this.ipVersion === 4 ? 4 : 16;
  }
}
