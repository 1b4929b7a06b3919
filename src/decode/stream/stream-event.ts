/** What `TcpStreams.next` has come to. */
export enum StreamEvent {
  None,
  /** The stream goes on with `bytes` from `start` to `end`, which are valid until the next event. */
  Bytes,
  /** Bytes are missing before those that come next. */
  Hole,
  /** The stream has ended, and its splitter is let go. */
  End,
}

/** Reads a stream, and lives as long as it does. How it gets the bytes is up to the caller, who takes the events. */
export interface Splitter {
  /** Bytes that it keeps in memory of its own, until more of them have come. */
  readonly keptBytes: number;
}
