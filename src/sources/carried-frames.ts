/** Finds, in one datagram after the other, the frame that it carries. */
export interface CarriedFrames {
  /** Goes to a datagram [start, end): LINKTYPE_ number of what it carries; undefined where it carries none. */
  read(bytes: Buffer, start: number, end: number): number | undefined;
  /** Of the frame, in bytes; at most 65,535. */
  readonly length: number;
  /** When the frame was captured; undefined where the datagram does not say so. */
  readonly time: { readonly seconds: number; readonly microseconds: number } | undefined;
  write(into: Buffer, at: number): void;
}
