import type { Cause } from '../errors/cause.js';
import { MOST_SENDS, type DatagramSocket } from '../net/datagram-socket.js';
import type { Tally } from '../pipeline/account.js';
import type { Chunk, Outlet } from './outlet.js';

const failed = (id: string, text: string): Cause => ({ id, fate: 'failed', loss: true, text });
const REFUSED = failed('refused', 'failed: nobody listens there');
const TOO_LONG = failed('too-long', 'failed: too long for a datagram');
const UNSENT = failed('unsent', 'failed: the system could not send them');

/** What fits into a datagram beside the headers of IPv4 and UDP. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** Sends a datagram per message. What the system takes is out: nothing tells whether it arrived. */
export class DatagramOutlet implements Outlet {
  readonly window = MOST_SENDS;
  readonly #socket: Pick<DatagramSocket, 'send' | 'close'>;
  /** Said once, until a batch has gone out again without an error. */
  readonly #onTrouble: (code: string) => void;
  #isInTrouble = false;

  constructor(socket: Pick<DatagramSocket, 'send' | 'close'>, onTrouble: (code: string) => void) {
    this.#socket = socket;
    this.#onTrouble = onTrouble;
  }

  async send({ bytes, ends }: Chunk, tally: Tally): Promise<void> {
    const { sent, failed: unsent } = await this.#socket.send(bytes, ends);
    tally.pass({ packets: sent.datagrams, bytes: sent.bytes });
    const [first] = unsent;
    if (first && !this.#isInTrouble) this.#onTrouble(first.code);
    this.#isInTrouble = first !== undefined;
    for (const { code, datagrams, bytes: size } of unsent)
      tally.settle(causeOf(code), { packets: datagrams, bytes: size });
  }

  async close(): Promise<void> {
    await this.#socket.close();
  }
}

function causeOf(code: string): Cause {
  return code === 'ECONNREFUSED' ? REFUSED : code === 'EMSGSIZE' ? TOO_LONG : UNSENT;
}
