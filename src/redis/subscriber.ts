import { readFile } from 'node:fs/promises';
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

/** Subscribes to a channel, and connects anew whenever the server goes away. */
export class RedisSubscriber {
  readonly #client: ReturnType<typeof createClient>;
  #away = false;
  #closed = false;

  private constructor(
    { host, port, username, password, tls, channel }: RedisChannel,
    ca: string | undefined,
    listeners: RedisListeners,
  ) {
    const common = {
      host,
      port,
      connectTimeout: CONNECT_LIMIT_MS,
      socketTimeout: SILENCE_LIMIT_MS,
      reconnectStrategy: (retries: number) =>
        Math.min(FIRST_WAIT_MS * 2 ** Math.min(retries, 10), LONGEST_WAIT_MS),
    };
    this.#client = createClient({
      socket: tls ? { ...common, tls: true, ...(ca !== undefined && { ca }) } : common,
      // The servers of ten years ago know it, too.
      RESP: 2,
      pingInterval: PING_MS,
      ...(username !== '' && { username }),
      ...(password !== '' && { password }),
    });
    this.#client.on('error', (error: Error) => {
      if (this.#away || this.#closed) return;
      this.#away = true;
      listeners.onAway(error);
    });
    const subscribed = () => {
      this.#away = false;
      if (!this.#closed) listeners.onConnected();
    };
    // The first time nothing is subscribed yet; afterwards, the client has done it by then.
    let before = false;
    this.#client.on('ready', () => {
      if (before) subscribed();
    });
    const begin = async () => {
      await this.#client.connect();
      before = true;
      await this.#client.subscribe(channel, listeners.onMessage);
      subscribed();
    };
    begin().catch((error: unknown) => {
      if (!this.#closed) this.#client.emit('error', error);
    });
  }

  /** Begins to connect, and goes on until it is closed. @throws the system's error for a `ca` that can't be read */
  static async open(channel: RedisChannel, listeners: RedisListeners): Promise<RedisSubscriber> {
    const ca = channel.ca === '' ? undefined : await readFile(channel.ca, 'utf8');
    return new RedisSubscriber(channel, ca, listeners);
  }

  close(): void {
    this.#closed = true;
    this.#client.destroy();
  }
}
