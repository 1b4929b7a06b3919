import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { systemCause } from '../errors/system-error.js';
import { UserError } from '../errors/user-error.js';
import type { Count } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';
import { UploadSink, type FinishedFile, type UploadFate } from '../sinks/upload-sink.js';
import type { CapturedFile, UploadTarget } from '../uploads/captured-file.js';
import { KeptFiles, type KeptBounds } from '../uploads/kept-files.js';
import { Uploads } from '../uploads/uploads.js';
import { openRing } from './capture-file.js';
import type { UploadReporter } from './description/file-reporters.js';

export interface UploadingOptions {
  readonly reporter: UploadReporter;
  readonly target: UploadTarget;
  /** What the files' names begin with. */
  readonly name: string;
  /** Comma-separated. */
  readonly tags: string;
  /** Folder of the files until they are sent, this reporter's own. */
  readonly folder: string;
  /** The same of those that the target would not take. */
  readonly keptFolder: string;
  /** How much of it. */
  readonly keptBounds: KeptBounds;
  /** Who writes, as a pcapng file says it. */
  readonly application: string;
  /** How long it waits before each further try. */
  readonly waitsMs?: readonly number[];
}

/**
 * Opens what makes files of packets and brings them to the target. What an earlier run has left goes first: files that it
 * kept, and those with which it was killed. Throws a UserError where a folder can't be used.
 */
export async function openUploading(options: UploadingOptions, log: Logger): Promise<Sink> {
  const { reporter, target, name, folder, keptFolder, keptBounds, application } = options;
  const { waitsMs } = options;
  const left = await usable(reporter, folder, () => filesIn(folder));
  const kept = await usable(reporter, keptFolder, () =>
    KeptFiles.open(keptFolder, () => keptBounds),
  );
  /** What is in those that this run has kept. */
  const counts = new Map<string, Count>();
  const uploads = new Uploads([target], {
    ...{ kept, log, ...(waitsMs && { waitsMs }) },
    onDropped: (paths) => {
      for (const path of paths) {
        const count = counts.get(path);
        if (count) sink.drop(count);
        counts.delete(path);
      }
    },
  });
  const file = path.join(folder, `${name}.${reporter.format === 'pcapng' ? 'pcapng' : 'pcap'}`);
  const ring = await openRing(
    file,
    {
      ...{ fileFormat: reporter.format, linkType: undefined, application },
      ring: reporter.conditions,
      onFinished: (finished, count) => {
        sink.add({ path: finished.path, count });
      },
    },
    log,
  );
  const sink = new UploadSink(ring, {
    send: (finished, giveUp) => sendFile(finished, options, { uploads, counts, log, giveUp }),
    ...{ keptIn: keptFolder, left },
  });
  const ending = new AbortController();
  const sendingKept = uploads.sendKept(ending.signal);
  return {
    write: (batch, giveUp) => sink.write(batch, giveUp),
    flush: (giveUp) => sink.flush(giveUp),
    onFailure: (listener) => {
      sink.onFailure(listener);
    },
    account: () => sink.account(),
    close: async () => {
      ending.abort();
      await sendingKept;
      await sink.close();
    },
  };
}

/** Sends it, and removes it where it was unless it is nowhere else. */
async function sendFile(
  { path: file, count }: FinishedFile,
  { tags }: UploadingOptions,
  {
    uploads,
    counts,
    log,
    giveUp,
  }: {
    readonly uploads: Uploads;
    readonly counts: Map<string, Count>;
    readonly log: Logger;
    readonly giveUp: AbortSignal;
  },
): Promise<UploadFate> {
  const name = path.basename(file);
  try {
    // Of a file that was left, nobody knows what is in it but a header.
    if (count?.packets !== 0) {
      const bytes = await readFile(file);
      const captured: CapturedFile = { name, chunks: [bytes], tags, s3: {} };
      const [result] = await uploads.send(captured, giveUp);
      if (!result || result.result === 'lost') return 'lost';
      if (result.result === 'kept') {
        if (count) counts.set(result.where, count);
        await unlink(file);
        return 'kept';
      }
      const { target, where } = result;
      log.info({ event: 'capture-sent', file: name, target, where }, `${name}: sent: ${where}`);
    }
    await unlink(file);
    return 'sent';
  } catch (error) {
    log.error({ event: 'capture-lost', file: name }, `${file}: ${systemCause(error)}`);
    return 'lost';
  }
}

async function filesIn(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return (await readdir(folder)).sort().map((file) => path.join(folder, file));
}

async function usable<Result>(
  { id }: UploadReporter,
  folder: string,
  open: () => Promise<Result>,
): Promise<Result> {
  return open().catch((error: unknown) => {
    throw new UserError(`reporter ${id}`, `${folder}: ${systemCause(error)}`, {
      remedy: 'the agent needs a data_dir that it can write to',
    });
  });
}
