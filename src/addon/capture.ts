import type { NativeBatch } from './batch.js';

export interface NativeCapture {
  next(): Promise<NativeBatch | null>;
  /** Where it shares packets: they come from now on. */
  begin(): void;
  /** Of now on; an Error with the code FILTER where the expression makes no sense. */
  setFilter(expression: string): Promise<void>;
  stop(): void;
  abandon(): void;
  facts(): {
    linkType: number;
    nanoseconds: boolean;
    snapLength: number;
    warning: string;
    unknownToOthers: string;
    /** Of the captures that share an interface's packets, where it does. */
    fanoutGroup?: number;
  };
  counters(): {
    /** Of 32 bits, as libpcap counts: the next after 4,294,967,295 is 0. */
    droppedKernel: number;
    droppedInterface: number;
    cut: number;
    abandoned: number;
    abandonedBytes: number;
  };
  close(): Promise<void>;
}

export interface NativeFilter {
  keep(records: Buffer, positions: Buffer | undefined): { byteLength: number; count: number };
}

/** Captures, their filters and what libpcap knows (`native/capture/`). */
export interface CaptureAddon {
  linkTypeOfName(name: string): number | undefined;
  linkTypeName(linkType: number): string | undefined;
  /** Of each interface that libpcap knows. */
  deviceNames(): string[];
  /** What libpcap knows of each interface beside its addresses: `native/capture/device_facts.h`. */
  deviceFacts(): Promise<
    {
      readonly name: string;
      readonly up?: boolean;
      readonly running?: boolean;
      readonly linkTypes?: readonly number[];
      readonly refused?: boolean;
    }[]
  >;
  CaptureFilter: {
    new (
      expression: string,
      linkType: number,
      snapLength: number,
      /** Whether the program is made short, which takes a while and pays where packets are filtered. */
      optimized: boolean,
    ): NativeFilter;
    /** The same off this thread, made short: host names may take long. */
    compile(expression: string, linkType: number, snapLength: number): Promise<NativeFilter>;
  };
  LiveCapture: new (options: {
    interface: string;
    snapLength: number;
    bufferBytes: number;
    promiscuous: boolean;
    nanoseconds: boolean;
    timestampType: string | undefined;
    linkType: number | undefined;
    filter: string;
    leavesOutKcap: boolean;
    /** The captures that it shares packets with; negative for the first of them, absent for none. */
    fanoutGroup?: number;
    batchBytes: number;
    maxBatchAgeMs: number;
  }) => NativeCapture;
}
