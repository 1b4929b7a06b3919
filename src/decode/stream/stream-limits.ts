export interface StreamLimits {
  /** Most streams; a connection has two. */
  readonly streams: number;
  /** Most streams that have begun, and carried nothing yet. */
  readonly opened: number;
  /** Memory for what comes after holes, of all streams; 1 MiB at least. */
  readonly heldBytes: number;
  /** What all splitters may keep. */
  readonly keptBytes: number;
}

const MIB = 1024 * 1024;

export const STREAM_LIMITS: StreamLimits = {
  streams: 32_768,
  opened: 8192,
  heldBytes: 16 * MIB,
  keptBytes: 16 * MIB,
};
