/** How far the reading of packets has come. What is not known is undefined. */
export interface Reach {
  /** The share of all that is to be read, 0 to 1. */
  readonly share?: number | undefined;
  /** Messages of a topic that are there and have not been read. */
  readonly lagMessages?: number | undefined;
}
