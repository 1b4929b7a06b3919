import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { systemError } from '../../errors/system-error.js';
import { sweepParts } from '../../files/whole-file.js';
import type { UploadTarget } from '../../uploads/captured-file.js';
import { KeptFiles, type KeptBounds } from '../../uploads/kept-files.js';
import { cloudsharkTarget, localTarget, s3Target } from '../../uploads/targets.js';
import { Uploads } from '../../uploads/uploads.js';
import type { KafkaTrigger } from './kafka-trigger.js';
import type { TakenMessage } from './capture-result.js';
import type { CaptureMemory } from './capture-memory.js';
import { Captures, type CaptureSettings } from './captures.js';
import { listenToRedis } from './redis-trigger.js';
import { SqsTrigger } from './sqs-trigger.js';
import { noTarget, type TriggerSettings } from './trigger-settings.js';

export interface TriggersParts {
  /** Who captures, as a pcapng file says it. */
  readonly application: string;
  readonly memory: CaptureMemory;
  /** Of what targets would not take. */
  readonly keptBounds: () => KeptBounds;
  readonly log: Logger;
}

/** Makes captures of messages: the channels that messages come from, and the captures themselves. */
export class Triggers {
  readonly #captures: Captures;
  readonly #uploads: Uploads;
  readonly #channels: readonly { close(): Promise<void> | void }[];
  readonly #stop = new AbortController();
  readonly #sendingKept: Promise<void>;

  private constructor(
    captures: Captures,
    channels: readonly { close(): Promise<void> | void }[],
    uploads: Uploads,
    log: Logger,
  ) {
    this.#captures = captures;
    this.#uploads = uploads;
    this.#channels = channels;
    this.#sendingKept = uploads.sendKept(this.#stop.signal).catch((error: unknown) => {
      log.error({ event: 'bug', err: error }, 'captures that were kept: a bug in kcap');
    });
  }

  /**
   * Begins to listen; undefined where nothing is configured. A channel that is away is no failure: it is tried until it is
   * there.
   *
   * @throws UserError where there is no target for what channels ask for, or a folder is missing
   */
  static async open(
    settings: TriggerSettings,
    parts: TriggersParts,
  ): Promise<Triggers | undefined> {
    const { log } = parts;
    const { captures: captureSettings, atOnce } = settings;
    const targets = await openTargets(settings);
    if (targets.length === 0) {
      requireNoChannel(settings);
      return undefined;
    }
    const kept = await openKept(settings.keptFolder, parts.keptBounds);
    const uploads = new Uploads(targets, { kept, log });
    const captures = new Captures(captureSettings, { ...parts, atOnce, uploads });
    const { redis, sqs, kafka } = settings;
    const { host } = captureSettings;
    const channels = await Promise.all([
      ...(redis ? [listenToRedis(redis, captures, log)] : []),
      ...(sqs ? [SqsTrigger.open(sqs, captures, log)] : []),
      ...(kafka ? [openKafka(kafka, { captures, host, log })] : []),
    ]);
    return new Triggers(captures, channels, uploads, log);
  }

  /** A message that came as a command. */
  capture(message: unknown): TakenMessage {
    return this.#captures.take('socket', JSON.stringify(message));
  }

  /** How many captures that targets would not take have been removed for newer ones. */
  get dropped(): number {
    return this.#uploads.dropped;
  }

  /** What captures take that run. */
  get memoryBytes(): number {
    return this.#captures.memoryBytes;
  }

  /** Called when there may be more memory for captures than before. */
  look(): void {
    this.#captures.look();
  }

  /** How many captures of each source had each result, and how many messages were refused. */
  counts(): Iterable<{ source: string; result: string; count: number }> {
    return this.#captures.counts();
  }

  /** Messages are translated with these from now on; captures go on. */
  update(settings: CaptureSettings): void {
    this.#captures.update(settings);
  }

  /** Listens no more; ends the captures that run with what they have, and sends or keeps it. */
  async close(): Promise<void> {
    this.#stop.abort();
    // Captures first: what channels hold back is given back once nothing of it begins any more.
    const closed = this.#captures.close();
    await Promise.all(this.#channels.map(async (channel) => channel.close()));
    await Promise.all([closed, this.#sendingKept]);
  }
}

async function openTargets(settings: TriggerSettings): Promise<UploadTarget[]> {
  const { localFolder, s3, cloudshark } = settings;
  if (localFolder !== undefined) await requireFolder(localFolder);
  return [
    ...(localFolder === undefined ? [] : [localTarget(localFolder)]),
    ...(s3 ? [s3Target(s3.place, s3.key)] : []),
    ...(cloudshark ? [cloudsharkTarget(cloudshark)] : []),
  ];
}

/** The socket alone says so once it is asked for a capture. */
function requireNoChannel({ redis, sqs, kafka }: TriggerSettings): void {
  if (redis ?? sqs ?? kafka) throw noTarget();
}

/** Loaded on use. */
async function openKafka(
  ...trigger: ConstructorParameters<typeof KafkaTrigger>
): Promise<KafkaTrigger> {
  const { KafkaTrigger: Trigger } = await import('./kafka-trigger.js');
  return new Trigger(...trigger);
}

async function requireFolder(folder: string): Promise<void> {
  const what = `general.localdir ${folder}`;
  try {
    if (!(await stat(folder)).isDirectory())
      throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    await sweepParts(folder);
  } catch (error) {
    throw systemError(what, error, {
      named: { verb: 'name', noun: 'folder' },
      use: 'write to',
      missing: 'make it, or name another one',
    });
  }
}

async function openKept(folder: string, bounds: () => KeptBounds): Promise<KeptFiles> {
  try {
    return await KeptFiles.open(folder, bounds);
  } catch (error) {
    throw systemError(`keep captures in ${folder}`, error, {
      named: { verb: 'name', noun: 'folder with data_dir' },
      use: 'write to',
      missing: 'make the folder that it is to be in',
    });
  }
}
