import type { Link } from '../packet/packet-batch.js';
import type { Sink } from '../pipeline/contracts.js';

/** A sink that writes a capture file or stream. */
export interface CaptureSink extends Sink {
  /**
   * Writes what a file begins with now, so that its reader need not wait for the first packet.
   *
   * @param link of the packets to come, as far as it is known; pcap files hold one link type and one precision
   */
  begin(giveUp: AbortSignal, link?: Partial<Link>): Promise<void>;
}
