import type { S3Place } from '../aws/s3-place.js';

/** A finished capture file, in memory. */
export interface CapturedFile {
  /** Without a folder. */
  readonly name: string;
  /** Its bytes, in order. */
  readonly chunks: readonly Buffer[];
  /** Comma-separated. */
  readonly tags: string;
  /** What it wants otherwise than the target's settings, of S3. */
  readonly s3: Partial<S3Place>;
}

export type TargetName = 'local' | 's3' | 'cloudshark';

/** Where capture files go. */
export interface UploadTarget {
  readonly name: TargetName;
  /** Sends the file, once; gives where it is then, for people. Throws an error that says what went wrong. */
  readonly send: (file: CapturedFile, giveUp: AbortSignal) => Promise<string>;
}
