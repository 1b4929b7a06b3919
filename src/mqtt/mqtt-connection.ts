import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;
/** Of one attempt, until the broker has accepted it. */
const CONNECT_LIMIT_MS = 5000;
/** How often a silent connection is tried. */
const KEEPALIVE_S = 30;

/** Files in PEM. */
export interface MqttTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface MqttServer {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
  /** Of WebSocket. */
  readonly path?: string | undefined;
  readonly tls: MqttTls;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** By default kcap, the host and the process. */
  readonly clientId?: string | undefined;
}

type ConnectTo = (peer: { readonly address: string; readonly port: number }) => Socket;

export interface MqttListeners {
  /** The broker has accepted a connection: whatever it has not acknowledged is to be sent again. */
  readonly onConnected: () => void;
  /** The connection was lost, or the first attempt failed. */
  readonly onLost: (error: Error) => void;
  readonly onAcknowledged: (identifier: number) => void;
}

/**
 * A connection to an MQTT broker (3.1.1), made again whenever it is lost. MQTT.js connects, keeps alive and reads;
 * PUBLISH packets are written by the caller, many at once: a call of MQTT.js for each costs too much.
 */
export class MqttConnection {
  readonly #server: MqttServer;
  readonly #connectTo: ConnectTo;
  /** Of the host, at the last attempt. */
  #address = '';
  readonly #client: MqttClient;
  readonly #listeners: MqttListeners;
  readonly #closing = new AbortController();
  #isConnected = false;
  #lastError: Error | undefined;
  #waitMs = FIRST_WAIT_MS;

  /** @param connectTo begins to connect to an address, IPv4 or IPv6 */
  constructor(
    server: MqttServer,
    listeners: MqttListeners,
    connectTo: ConnectTo = ({ address, port }) => connectTcp({ host: address, port }),
  ) {
    this.#connectTo = connectTo;
    this.#listeners = listeners;
    this.#server = server;
    const options = clientOptions(server);
    const connect = () => this.#connectedStream();
    this.#client =
      server.path === undefined
        ? new mqtt.MqttClient(connect, options)
        : mqtt.connect({ ...options, wsOptions: { createConnection: connect } });
    this.#client.on('error', (error) => {
      this.#lastError = error;
    });
    this.#client.on('packetreceive', ({ cmd, messageId }) => {
      if (cmd === 'puback' && messageId !== undefined) listeners.onAcknowledged(messageId);
    });
    this.#client.on('connect', () => {
      this.#isConnected = true;
      this.#lastError = undefined;
      this.#waitMs = FIRST_WAIT_MS;
      listeners.onConnected();
    });
    this.#client.on('close', () => {
      if (this.#isConnected) this.#lose();
    });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * Tries once, and goes on trying after that: resolves once there is a connection; throws where that fails.
   */
  async open(): Promise<void> {
    try {
      await this.#attempt();
    } catch (error) {
      void this.#connectAgain();
      throw error;
    }
  }

  /** Writes whole packets, which must not change any more. Without a connection it does nothing. */
  write(packets: Buffer): void {
    if (this.#isConnected) this.#client.stream.write(packets);
  }

  /** Publishes a message that may get lost. */
  publish(topic: string, payload: string): void {
    if (this.#isConnected) this.#client.publish(topic, payload, { qos: 0 });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const wasConnected = this.#isConnected;
    this.#isConnected = false;
    await new Promise<void>((resolve) => {
      this.#client.end(!wasConnected, {}, () => {
        resolve();
      });
      // A broker that does not close its end is left alone.
      setTimeout(resolve, 500).unref();
    });
    this.#client.stream.destroy();
  }

  /** Resolves when connected; throws where that fails. */
  async #attempt(): Promise<void> {
    const client = this.#client;
    let end: () => void = () => undefined;
    this.#address = (await lookup(this.#server.host)).address;
    try {
      await new Promise<void>((resolve, reject) => {
        const onConnect = () => {
          resolve();
        };
        const onClose = () => {
          reject(this.#lastError ?? new Error('the other side has closed the connection'));
        };
        const onError = (error: Error) => {
          reject(error);
        };
        client.once('connect', onConnect);
        client.once('close', onClose);
        client.once('error', onError);
        end = () => {
          client.off('connect', onConnect);
          client.off('close', onClose);
          client.off('error', onError);
        };
        this.#lastError = undefined;
        if (client.reconnecting || client.disconnected) client.reconnect();
        else client.connect();
      });
    } catch (error) {
      client.stream.destroy();
      throw error;
    } finally {
      end();
    }
  }

  #connectedStream(): Socket {
    const { protocol, host, port, tls } = this.#server;
    const plain = this.#connectTo({ address: this.#address, port });
    if (protocol !== 'mqtts' && protocol !== 'wss') return plain;
    // The host is the name that its certificate must have.
    const name = { host, ...(isIP(host) === 0 && { servername: host }) };
    return connectTls({ ...tls, ...name, socket: plain });
  }

  #lose(): void {
    this.#isConnected = false;
    if (this.#closing.signal.aborted) return;
    this.#listeners.onLost(
      this.#lastError ?? new Error('the other side has closed the connection'),
    );
    void this.#connectAgain();
  }

  async #connectAgain(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(this.#waitMs, undefined, { signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
      try {
        await this.#attempt();
        return;
      } catch {
        // It was said when the connection was lost.
      }
    }
  }
}

function clientOptions({
  protocol,
  host,
  port,
  path,
  tls,
  user,
  password,
  clientId,
}: MqttServer): IClientOptions {
  return {
    ...{ protocol, hostname: host, host, port, ...tls, rejectUnauthorized: true },
    ...(path !== undefined && { path }),
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    clientId: clientId ?? `kcap-${hostname()}-${process.pid}`,
    ...{ keepalive: KEEPALIVE_S, connectTimeout: CONNECT_LIMIT_MS },
    // Attempts are made here, with a pause that grows.
    ...{ reconnectPeriod: 0, manualConnect: true },
  };
}
