import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { linkTypeName } from '../capture/link-type.js';
import { messageOf, usageError, UserError } from '../errors/user-error.js';
import { openFile, type ByteOutput } from '../files/byte-output.js';
import { LateOutput } from '../files/late-output.js';
import { Branch } from '../pipeline/branch.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import { captureSink, openRing, type CaptureFileOptions } from './capture-file.js';

/** What waits for a disk, in bytes: a few seconds of a busy link. */
const WAITING_BYTES = 32 * 1024 * 1024;

/** A file or files with what a producer sends. */
export interface CopyOptions extends CaptureFileOptions {
  readonly file: string;
  /** What becomes of packets that the disk, or the reader of a named pipe, does not take in time. */
  readonly whenSlow: 'drop' | 'wait';
}

/** Throws a usage error where the file can't hold the packets of all interfaces. */
export function refuseSeveralLinkTypes(
  { file, fileFormat }: CopyOptions,
  linkTypes: ReadonlySet<number>,
): void {
  if (linkTypes.size < 2 || fileFormat === 'pcapng') return;
  const names = [...linkTypes].map(linkTypeName).join(', ');
  throw usageError(
    `-w ${file}`,
    `the interfaces have several link types (${names}), and a pcap file holds one`,
    'add -F pcapng',
  );
}

/** Opens the copy in the scope, as an end of its own: the sending goes on without it. */
export async function openCopy(options: CopyOptions, scope: Scope, log: Logger): Promise<Branch> {
  const { file, whenSlow } = options;
  return new Branch({
    name: file,
    sink: scope.own(await openCopySink(options, log)),
    whenSlow: whenSlow === 'wait' ? 'wait' : { dropBeyondBytes: WAITING_BYTES },
    onFailure: (error) => {
      const remedy = error instanceof UserError ? error.remedy : undefined;
      log.error(
        { event: 'copy-failed', file, remedy },
        `${messageOf(error)}: the copy ends here, and the sending goes on`,
      );
    },
  });
}

/** Opens the file or files; a named pipe that nobody reads yet holds up nothing. */
export async function openCopySink(
  options: CaptureFileOptions & { readonly file: string },
  log: Logger,
): Promise<Sink> {
  const { file, ring } = options;
  if (ring) return openRing(file, { ...options, ring }, log);
  return captureSink(options, await openOutput(file));
}

async function openOutput(file: string): Promise<ByteOutput> {
  const open = (giveUp: AbortSignal) => openFile(file, giveUp);
  const isPipe = statSync(file, { throwIfNoEntry: false })?.isFIFO() === true;
  return isPipe ? new LateOutput(open) : open(new AbortController().signal);
}
