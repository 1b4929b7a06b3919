/** A user of this system; `groups` holds the primary one, `gid`, and all others. */
export interface NativeUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Writes text to a descriptor in a thread of its own: see `native/system/log_writer.h`. */
export interface NativeLogWriter {
  write(text: string, lines: number): void;
  isFlowing(): boolean;
  takeDropped(): number;
  drain(timeoutMs: number): boolean;
}

/** What Node does not have of the system (`native/system/`). */
export interface SystemAddon {
  readerLeft(fd: number): boolean;
  /** How wide this terminal is now, 0 where it does not say so. */
  terminalColumns(fd: number): number;
  /** Throws where so many threads more can't be made: librdkafka would end the process. */
  requireThreads(count: number): void;
  /** Locks a file for this process, until it closes it or ends; false where another process has it. */
  lockFile(fd: number): boolean;
  userNamed(name: string): NativeUser | undefined;
  groupNamed(name: string): number | undefined;
  exitNow(status: number): never;
  /** From now on the signal with this number does nothing. */
  ignoreSignal(number: number): void;
  /** Memory that is freed stays the process's, up to 64 MiB a thread. */
  keepFreedMemory(): void;
  /** Threads to come have less memory of their own that stays when they end. To be called once there are few. */
  shareArenas(): void;
  /** Memory that is free goes back to the system now. */
  giveBackFreedMemory(): void;
  LogWriter: new (fd: number, limitBytes: number) => NativeLogWriter;
}
