import type { S3Place } from '../../aws/s3-place.js';

/** The most that messages may ask for, and what they get if they ask for nothing. */
export interface CaptureBounds {
  readonly maxPackets: number;
  /** Of a capture file, in bytes. */
  readonly maxBytes: number;
  readonly maxDurationMs: number;
  readonly maxTimeoutMs: number;
  readonly defaultTimeoutMs: number;
  /** Bytes of each packet where a message names none. */
  readonly snapLength: number;
}

/** One capture that a message asks for, within the bounds. */
export interface CaptureRequest {
  readonly interface: string;
  /** pcap-filter expression with addresses in the place of host names; empty for all packets. */
  readonly filter: string;
  /** Bytes of each packet. */
  readonly snapLength: number;
  /** What ends it: whichever comes first. */
  readonly limits: CaptureLimits;
  /** Comma-separated, as targets get them. */
  readonly tags: string;
  /** What the message wants otherwise than the agent's configuration, of S3. */
  readonly s3: Partial<S3Place>;
  /** Whether each packet is logged as a line. */
  readonly logsPackets: boolean;
}

export interface CaptureLimits {
  readonly packets: number;
  /** Of the capture file, its header included, looked at after each packet. */
  readonly bytes: number;
  readonly durationMs: number;
  /** Without a packet. */
  readonly idleMs: number;
}
