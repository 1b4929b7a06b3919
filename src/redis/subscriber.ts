import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** A channel of a Redis server, and how to get in. */
export interface RedisChannel {
  readonly host: string;
  readonly port: number;
  readonly channel: string;
  /** Empty for the default user. */
  readonly username: string;
  /** Empty where the server asks for none. */
  readonly password: string;
  readonly tls: boolean;
  /** File with the authorities that sign the server's certificate, PEM; empty for the system's. */
  readonly ca: string;
}

/** What a subscriber tells. */
export interface RedisListeners {
  readonly onMessage: (message: string) => void;
  /** Each time that there is no connection, at most once between two `onConnected`. */
  readonly onAway: (error: Error) => void;
  /** Each time that messages come from now on. */
  readonly onConnected: () => void;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
const CONNECT_LIMIT_MS = 5_000;
const PING_MS = 10_000;
/** A server that answers no ping for so long is gone, whatever TCP thinks. */
const SILENCE_LIMIT_MS = 30_000;

/** What became of a connection: whether messages came over it, and why they don't any more. */
interface Heard {
  readonly hasListened: boolean;
  readonly error: Error;
}

/** A connection that is yet to be made: what net.connect() takes for it, and what is to be called at its end. */
type ConnectionTo = (peer: { readonly address: string; readonly port: number }) => {
  readonly options: { readonly host: string; readonly port: number };
  readonly leave: () => void;
};

/** Subscribes to a channel, and connects again whenever the server goes away. */
export class RedisSubscriber {
  readonly #channel: RedisChannel;
  readonly #ca: string | undefined;
  readonly #listeners: RedisListeners;
  readonly #connectionTo: ConnectionTo;
  readonly #closing = new AbortController();
  #isAway = false;

  private constructor(
    channel: RedisChannel,
    ca: string | undefined,
    listeners: RedisListeners,
    connectionTo: ConnectionTo,
  ) {
    this.#channel = channel;
    this.#ca = ca;
    this.#listeners = listeners;
    this.#connectionTo = connectionTo;
    void this.#run();
  }

  /**
   * Begins to connect, and goes on until it is closed.
   *
   * @param connectionTo how connections are made, if not as usual
   * @throws the system's error for a `ca` that can't be read
   */
  static async open(
    channel: RedisChannel,
    listeners: RedisListeners,
    connectionTo: ConnectionTo = usualConnection,
  ): Promise<RedisSubscriber> {
    const ca = channel.ca === '' ? undefined : await readFile(channel.ca, 'utf8');
    return new RedisSubscriber(channel, ca, listeners, connectionTo);
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      const { hasListened, error } = await this.#listenOnce();
      if (isAborted(signal)) return;
      if (!this.#isAway) this.#listeners.onAway(error);
      this.#isAway = true;
      if (hasListened) waitMs = FIRST_WAIT_MS;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }

  /** Until the connection to the first of the host's addresses that lets one in is lost, or none does. */
  async #listenOnce(): Promise<Heard> {
    let heard: Heard = { hasListened: false, error: new Error('no address') };
    try {
      for (const { address } of await lookup(this.#channel.host, { all: true })) {
        heard = await this.#listen(address);
        if (heard.hasListened || isAborted(this.#closing.signal)) break;
      }
    } catch (error) {
      heard = { hasListened: false, error: error as Error };
    }
    return heard;
  }

  /** A client for one connection, as the next one needs another socket. */
  async #listen(address: string): Promise<Heard> {
    const { channel, port, username, password } = this.#channel;
    const { options, leave } = this.#connectionTo({ address, port });
    const client = createClient({
      socket: this.#socketOptions(options),
      // The servers of ten years ago know it, too.
      RESP: 2,
      pingInterval: PING_MS,
      ...(username !== '' && { username }),
      ...(password !== '' && { password }),
    });
    const { signal } = this.#closing;
    let hasListened = false;
    try {
      const lost = new Promise<never>((_, reject) => {
        client.on('error', reject);
        signal.addEventListener('abort', reject, { once: true });
      });
      const listening = async () => {
        await client.connect();
        await client.subscribe(channel, this.#listeners.onMessage);
        hasListened = true;
        this.#isAway = false;
        this.#listeners.onConnected();
        return lost;
      };
      return await Promise.race([listening(), lost]);
    } catch (error) {
      return { hasListened, error: error as Error };
    } finally {
      client.destroy();
      leave();
    }
  }

  #socketOptions(options: { readonly host: string; readonly port: number }) {
    const { host, tls } = this.#channel;
    const common = {
      connectTimeout: CONNECT_LIMIT_MS,
      socketTimeout: SILENCE_LIMIT_MS,
      reconnectStrategy: false,
    } as const;
    if (!tls) return { ...common, ...options };
    // The host is the name that its certificate must have.
    const name = { host, ...(isIP(host) === 0 && { servername: host }) };
    const ca = this.#ca === undefined ? {} : { ca: this.#ca };
    return { ...common, ...name, ...ca, tls: true, socket: connect(options) } as const;
  }
}

function usualConnection({ address: host, port }: { address: string; port: number }) {
  return { options: { host, port }, leave: () => undefined };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
