import type { Logger } from 'pino';
import type { PacketTextOptions } from '../decode/text/packet-text.js';
import type { ByteOutput } from '../files/byte-output.js';
import { MemoryOutput } from '../files/memory-output.js';
import { FILE_HEADER_BYTES } from '../pcap/file-header.js';
import { encodeSectionHeader } from '../pcap/pcapng-writer.js';
import { Branch } from '../pipeline/branch.js';
import { PacketRun } from '../pipeline/packet-run.js';
import type { Scope } from '../pipeline/scope.js';
import type { Stop } from '../pipeline/stop.js';
import { Autostop, type AutostopConditions } from './autostop.js';
import { captureSink, captureSize, type CaptureFormat } from './capture-file.js';
import { openPackets } from './capturing.js';
import { openPrinting } from './printing.js';

/** A capture that fits into memory, on one interface. */
export interface ShortCaptureOptions {
  readonly interface: string;
  /** pcap-filter expression; empty for all packets. */
  readonly filter: string;
  /** Bytes of each packet that are kept. */
  readonly snapLength: number;
  /** Of the kernel's ring. */
  readonly bufferMiB: number;
  readonly format: CaptureFormat;
  /** Who captures, as a pcapng file says it. */
  readonly application: string;
  /** What ends it. Its `fileBytes` bounds the memory, to a packet. */
  readonly limits: Required<AutostopConditions>;
  /** How packets are printed as lines as well; undefined where they are not. */
  readonly print: PacketTextOptions | undefined;
}

export interface ShortCapture {
  readonly run: PacketRun;
  readonly autostop: Autostop;
  /** The capture file, complete once the run has ended. */
  readonly file: MemoryOutput;
  /** The interface's name, where an address stood for it. */
  readonly interface: string;
}

/** Opens all that it takes, in the scope. It captures from now on. */
export async function openShortCapture(
  options: ShortCaptureOptions,
  scope: Scope,
  parts: {
    /** Where lines are printed. */
    readonly openOutput: () => ByteOutput;
    readonly stop: Stop;
    readonly log: Logger;
  },
): Promise<ShortCapture> {
  const { limits, print } = options;
  const { source, stages } = await openPackets(
    {
      from: { interfaces: [options.interface] },
      snapLength: options.snapLength,
      bufferMiB: options.bufferMiB,
      promiscuous: true,
      precision: options.format === 'pcap' ? 'micro' : 'nano',
      timestampType: undefined,
      linkType: undefined,
      filter: options.filter,
      captureOwnTraffic: false,
      workers: 1,
    },
    scope,
    parts.log,
  );
  const file = new MemoryOutput();
  const fileOptions = {
    fileFormat: options.format,
    linkType: undefined,
    ring: undefined,
    application: options.application,
  };
  const sink = captureSink(fileOptions, file);
  const size = captureSize(fileOptions, undefined);
  // The size is looked at after each packet: the first one is always in the file.
  const fileBytes = Math.max(limits.fileBytes, headerBytes(options) + 1);
  const autostop = new Autostop(
    { ...limits, fileBytes },
    { size, stop: parts.stop, log: parts.log },
  );
  const lines = print ? [openPrinting(print, parts, scope, 'drop')] : [];
  return {
    run: new PacketRun(
      source,
      [...stages, ...autostop.stages],
      [new Branch({ name: 'memory', sink }), ...lines],
    ),
    autostop,
    file,
    interface: source.name,
  };
}

/** What a file begins with, whatever comes. */
function headerBytes({ format, application }: ShortCaptureOptions): number {
  return format === 'pcapng' ? encodeSectionHeader(application).length : FILE_HEADER_BYTES;
}
