import type { NativeBatch } from './batch.js';

/** Datagrams that come to a UDP port: a record each, of the payload. */
export interface NativeDatagramListener {
  next(): Promise<NativeBatch | null>;
  port(): number;
  stop(): void;
  abandon(): void;
  counters(): {
    /** Of 32 bits: the next after 4,294,967,295 is 0. */
    droppedKernel: number;
    abandoned: number;
    abandonedBytes: number;
  };
  close(): Promise<void>;
}

/** Datagrams, and the bytes of their payloads. */
export interface NativeDatagrams {
  readonly datagrams: number;
  readonly bytes: number;
}

export interface NativeDatagramSender {
  /** Up to 16 calls at a time wait for those before them. `failed` is by errno. */
  send(
    bytes: Buffer,
    ends: Int32Array,
  ): Promise<{ sent: NativeDatagrams; failed: Record<string, NativeDatagrams> }>;
  close(): Promise<void>;
}

/** Datagrams, and the connections that captures leave out (`native/net/`, `native/capture/own/`). */
export interface NetAddon {
  /** A TCP socket that is to be connected to this peer, bound to a port that captures leave out already. */
  ownSocket(address: string, port: number): { readonly fd: number; readonly localPort: number };
  /** Captures leave this connection out; again where its local address has become known. */
  enterOwn(
    transport: 'tcp' | 'udp',
    localPort: number,
    localAddress: string | undefined,
    address: string,
    port: number,
  ): void;
  /** It is closed. */
  leaveOwn(transport: 'tcp' | 'udp', localPort: number): void;
  DatagramListener: new (options: {
    /** IPv4 or IPv6. */
    address: string;
    /** 0 for any. */
    port: number;
    bufferBytes: number;
    batchBytes: number;
  }) => NativeDatagramListener;
  /** Throws an error with an `errno` where there can be no such socket. */
  DatagramSender: new (options: {
    address: string;
    port: number;
    bufferBytes: number;
  }) => NativeDatagramSender;
}
