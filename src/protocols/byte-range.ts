/** A run of bytes within a message: [start, end). Made once and moved, so that a message costs no allocation. */
export class ByteRange {
  /** -1 where there is no such thing in the message. */
  start = -1;
  end = -1;

  get isPresent(): boolean {
    return this.start !== -1;
  }

  get length(): number {
    return this.end - this.start;
  }

  set(start: number, end: number): void {
    this.start = start;
    this.end = end;
  }

  clear(): void {
    this.start = -1;
    this.end = -1;
  }
}
