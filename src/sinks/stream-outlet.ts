import type { Cause } from '../errors/cause.js';
import type { PeerConnection } from '../net/peer-connection.js';
import type { Tally } from '../pipeline/account.js';
import type { Chunk, Outlet } from './outlet.js';

const LOST: Cause = {
  id: 'connection-lost',
  fate: 'failed',
  loss: true,
  text: 'failed: the connection was lost before the other side had them',
};
const AWAY: Cause = {
  id: 'peer-away',
  fate: 'failed',
  loss: true,
  text: 'failed: there was no connection until the end',
};

/** About as much as is written at once: what fails when the connection is lost. */
const PIECE_BYTES = 64 * 1024;

/** Messages one after the other over a connection. While there is none, they wait. */
export class StreamOutlet implements Outlet {
  readonly #connection: PeerConnection;

  constructor(connection: PeerConnection) {
    this.#connection = connection;
  }

  async send({ bytes, ends }: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void> {
    let start = 0;
    for (let first = 0; first < ends.length;) {
      const isConnected = await this.#connection.connected(giveUp);
      let next = first + 1;
      while (next < ends.length && (!isConnected || (ends[next] ?? 0) - start <= PIECE_BYTES))
        next++;
      const end = ends[next - 1] ?? start;
      const count = { packets: next - first, bytes: end - start };
      if (!isConnected) tally.settle(AWAY, count);
      else if (await this.#connection.write(bytes.subarray(start, end), giveUp)) tally.pass(count);
      else tally.settle(LOST, count);
      first = next;
      start = end;
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
