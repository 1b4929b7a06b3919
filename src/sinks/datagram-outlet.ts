import type { Cause } from '../errors/cause.js';
import { systemCause } from '../errors/system-error.js';
import { codeOf } from '../errors/user-error.js';
import type { DatagramSocket } from '../net/datagram-socket.js';
import type { Tally } from '../pipeline/account.js';
import type { Chunk, Outlet } from './outlet.js';

const failed = (id: string, text: string): Cause => ({ id, fate: 'failed', loss: true, text });
const REFUSED = failed('refused', 'failed: nobody listens there');
const TOO_LONG = failed('too-long', 'failed: too long for a datagram');
const UNSENT = failed('unsent', 'failed: the system could not send them');

/** What fits into a datagram beside the headers of IPv4 and UDP. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** A datagram a message. What the system takes went out: nobody says whether it arrived. */
export class DatagramOutlet implements Outlet {
  readonly #socket: DatagramSocket;
  /** Said once, until one has gone out again. */
  readonly #onTrouble: (cause: string) => void;
  #isInTrouble = false;

  constructor(socket: DatagramSocket, onTrouble: (cause: string) => void) {
    this.#socket = socket;
    this.#onTrouble = onTrouble;
  }

  send({ bytes, ends }: Chunk, tally: Tally): Promise<void> {
    const sent = { packets: 0, bytes: 0 };
    const unsent = new Map<Cause, number>();
    let left = ends.length;
    return new Promise((resolve) => {
      const onSent = (error: Error | null, length = 0) => {
        if (error) {
          const cause = this.#causeOf(error);
          unsent.set(cause, (unsent.get(cause) ?? 0) + 1);
        } else {
          this.#isInTrouble = false;
          sent.packets++;
          sent.bytes += length;
        }
        if (--left > 0) return;
        tally.pass(sent);
        settle(tally, unsent, bytes.length - sent.bytes);
        resolve();
      };
      let start = 0;
      for (const end of ends) {
        this.#socket.send(bytes, start, end, onSent);
        start = end;
      }
    });
  }

  async close(): Promise<void> {
    await this.#socket.close();
  }

  #causeOf(error: Error): Cause {
    if (!this.#isInTrouble) this.#onTrouble(systemCause(error));
    this.#isInTrouble = true;
    const code = codeOf(error);
    return code === 'ECONNREFUSED' ? REFUSED : code === 'EMSGSIZE' ? TOO_LONG : UNSENT;
  }
}

/** @param bytes of all of them: nobody says which of them were whose */
function settle(tally: Tally, unsent: ReadonlyMap<Cause, number>, bytes: number): void {
  let rest = bytes;
  for (const [cause, packets] of unsent) {
    tally.settle(cause, { packets, bytes: rest });
    rest = 0;
  }
}
