import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { usageError } from '../errors/user-error.js';
import type { ByteOutput } from '../files/byte-output.js';
import { PcapngSize, PcapSize, type FileSize } from '../pcap/file-size.js';
import type { Sink } from '../pipeline/contracts.js';
import type { CaptureSink } from '../sinks/capture-sink.js';
import { FileRing, type RingConditions } from '../sinks/file-ring.js';
import { PcapSink } from '../sinks/pcap.js';
import { PcapngSink } from '../sinks/pcapng.js';

export type CaptureFormat = 'pcap' | 'nsecpcap' | 'pcapng';

/** How packets are written as a capture file or stream. */
export interface CaptureFileOptions {
  /** Undefined: pcap with the precision of the first packet. */
  readonly fileFormat: CaptureFormat | undefined;
  /** LINKTYPE_ number of all packets, where it is known before the first one. */
  readonly linkType: number | undefined;
  /** When files are switched, where there are several. */
  readonly ring: RingConditions | undefined;
  /** Who writes, as a pcapng file says it. */
  readonly application: string;
}

/** The sink that writes into this output in the format. */
export function captureSink(
  { fileFormat, application }: CaptureFileOptions,
  output: ByteOutput,
): CaptureSink {
  if (fileFormat === 'pcapng') return new PcapngSink(output, application);
  const precision = fileFormat && ({ pcap: 'micro', nsecpcap: 'nano' } as const)[fileFormat];
  return new PcapSink(output, precision);
}

/** Measures such a file. */
export function captureSize(
  { fileFormat, application }: CaptureFileOptions,
  linkType: number | undefined,
): FileSize {
  return fileFormat === 'pcapng' ? new PcapngSize(application) : new PcapSize(linkType);
}

/** Opens the files that come one after the other. */
export async function openRing(
  path: string,
  options: CaptureFileOptions & {
    readonly ring: RingConditions;
    readonly onFinished?: Parameters<typeof FileRing.open>[1]['onFinished'];
  },
  log: Logger,
): Promise<Sink> {
  if (path.endsWith('/') || !(await isRegularOrMissing(path)))
    throw usageError(
      `-b and -w ${path}`,
      'it is no file, and only files can be switched',
      'name a file with -w, or leave -b out',
    );
  const { linkType } = options;
  return FileRing.open(path, {
    conditions: options.ring,
    format: {
      link: linkType === undefined ? undefined : { linkType },
      sink: (output) => captureSink(options, output),
      size: (known) => captureSize(options, known),
    },
    onFinished: options.onFinished,
    log,
  });
}

async function isRegularOrMissing(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Creating a file there will say what is wrong.
    return true;
  }
}
