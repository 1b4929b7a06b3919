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

/** What reads a stream, and lives as long. How it is given bytes is the affair of whoever takes the events. */
export interface Splitter {
  /** Bytes that it keeps in memory of its own, until more of them have come. */
  readonly keptBytes: number;
}
