import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCause, systemRemedy } from '../errors/system-error.js';
import { Throttle } from '../errors/throttle.js';
import { messageOf } from '../errors/user-error.js';
import type { CapturedFile, TargetName, UploadTarget } from './captured-file.js';
import type { KeptFiles } from './kept-files.js';

/** How long it waits before each further try. */
const WAITS_MS = [1000, 2000, 4000];
/** How often it is said at most that kept files have gone. */
const DROPPED_EVERY_MS = 60_000;

/** What became of a file at one of its targets. */
export type UploadResult =
  | { readonly target: TargetName; readonly result: 'sent'; readonly where: string }
  /** It waits in a folder for the next start. */
  | {
      readonly target: TargetName;
      readonly result: 'kept';
      readonly where: string;
      readonly error: string;
    }
  | { readonly target: TargetName; readonly result: 'lost'; readonly error: string };

type Attempt =
  | { readonly target: TargetName; readonly where: string }
  | { readonly target: TargetName; readonly error: string };

export interface UploadsParts {
  readonly kept: KeptFiles;
  readonly log: Logger;
  readonly waitsMs?: readonly number[];
  /** Files that were kept have been removed for newer ones. */
  readonly onDropped?: (paths: readonly string[]) => void;
}

/** Brings capture files to all targets; what can't be sent is kept for the next start. */
export class Uploads {
  readonly #targets: readonly UploadTarget[];
  readonly #kept: KeptFiles;
  readonly #log: Logger;
  readonly #waitsMs: readonly number[];
  readonly #onDropped: UploadsParts['onDropped'];
  readonly #throttle = new Throttle(DROPPED_EVERY_MS);
  #dropped = 0;

  constructor(
    targets: readonly UploadTarget[],
    { kept, log, waitsMs = WAITS_MS, onDropped }: UploadsParts,
  ) {
    this.#targets = targets;
    this.#kept = kept;
    this.#log = log;
    this.#waitsMs = waitsMs;
    this.#onDropped = onDropped;
  }

  /** Whether there is any target. */
  get hasTargets(): boolean {
    return this.#targets.length > 0;
  }

  /** How many files that were kept have been removed for newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends it to all targets at the same time. From when `giveUp` is aborted on, nothing is tried again. */
  async send(file: CapturedFile, giveUp: AbortSignal): Promise<UploadResult[]> {
    const attempts = await this.#tryAll(file, this.#targets, giveUp);
    const failed = attempts.flatMap((attempt) => ('error' in attempt ? [attempt] : []));
    const kept = failed.length > 0 ? await this.#keep(file, failed) : undefined;
    return attempts.map((attempt) => {
      if ('where' in attempt) return { ...attempt, result: 'sent' };
      return kept === undefined
        ? { ...attempt, result: 'lost' }
        : { ...attempt, result: 'kept', where: kept };
    });
  }

  /** Sends what an earlier run has kept, one after the other. */
  async sendKept(giveUp: AbortSignal): Promise<void> {
    const { kept, undescribed } = await this.#list();
    for (const path of undescribed)
      this.#log.warn(`${path}: a capture that nothing describes is left as it is`);
    for (const path of kept) {
      if (giveUp.aborted) return;
      try {
        await this.#sendAgain(path, giveUp);
      } catch (error) {
        this.#log.warn(
          { event: 'capture-kept', file: path },
          `${path}: still kept: ${systemCause(error)}`,
        );
      }
    }
  }

  async #list(): ReturnType<KeptFiles['list']> {
    try {
      return await this.#kept.list();
    } catch (error) {
      this.#log.error(`${this.#kept.folder}: ${systemCause(error)}`);
      return { kept: [], undescribed: [] };
    }
  }

  async #sendAgain(path: string, giveUp: AbortSignal): Promise<void> {
    const kept = await this.#kept.read(path);
    const targets = this.#targets.filter(({ name }) => kept.targets.includes(name));
    const unknown = kept.targets.filter((name) => !targets.some((target) => target.name === name));
    const attempts = await this.#tryAll(kept.file, targets, giveUp);
    for (const attempt of attempts)
      if ('where' in attempt)
        this.#log.info(
          { event: 'capture-sent', file: path, target: attempt.target, where: attempt.where },
          `${path}: sent at last: ${attempt.where}`,
        );
    const failed = attempts.flatMap((attempt) => ('error' in attempt ? [attempt] : []));
    const left = [...unknown, ...failed.map(({ target }) => target)];
    await this.#kept.update(kept, left);
    if (left.length === 0) return;
    const reasons = [
      ...unknown.map((name) => `${name} is not configured any more`),
      ...failed.map(({ error }) => error),
    ];
    throw new Error(reasons.join('; '));
  }

  #tryAll(
    file: CapturedFile,
    targets: readonly UploadTarget[],
    giveUp: AbortSignal,
  ): Promise<Attempt[]> {
    return Promise.all(targets.map((target) => this.#try(file, target, giveUp)));
  }

  async #try(file: CapturedFile, target: UploadTarget, giveUp: AbortSignal): Promise<Attempt> {
    const { name } = target;
    for (let tries = 0; ; tries++)
      try {
        return { target: name, where: await target.send(file, giveUp) };
      } catch (error) {
        const waitMs = this.#waitsMs[tries];
        this.#log.debug(`${file.name}: ${name}: ${messageOf(error)}`);
        const failed = { target: name, error: messageOf(error) };
        if (waitMs === undefined) return failed;
        const waited = await sleep(waitMs, true, { signal: giveUp }).catch(() => false);
        if (!waited) return failed;
      }
  }

  /** Where it is kept; undefined where that is not possible either, and it is lost. */
  async #keep(
    file: CapturedFile,
    failed: readonly { readonly target: TargetName; readonly error: string }[],
  ): Promise<string | undefined> {
    const targets = failed.map(({ target }) => target);
    const why = failed.map(({ error }) => error).join('; ');
    try {
      const { path, dropped } = await this.#kept.keep(file, targets);
      this.#log.warn(
        { event: 'capture-kept', file: path, targets },
        `${file.name}: kept as ${path}, the next start sends it: ${why}`,
      );
      if (dropped.length > 0) this.#drop(dropped);
      return path;
    } catch (error) {
      this.#log.error(
        { event: 'capture-lost', file: file.name, targets },
        `${file.name}: lost: ${why}; and ${this.#kept.folder}: ${causeAndRemedy(error)}`,
      );
      return undefined;
    }
  }

  #drop(paths: readonly string[]): void {
    this.#dropped += paths.length;
    this.#onDropped?.(paths);
    const { folder, bounds } = this.#kept;
    if (!this.#throttle.admits(folder)) return;
    this.#log.warn(
      { event: 'captures-dropped', folder, captures: this.#dropped },
      `${folder} is full (${bounds.files} captures, or ${bounds.bytes} bytes): ${this.#dropped} removed so far, the oldest first; ` +
        'mend what keeps captures from being sent, or raise resources.max_failed_files and .max_failed_size',
    );
  }
}

function causeAndRemedy(error: unknown): string {
  const remedy = systemRemedy(error, {
    named: { verb: 'name', noun: 'data_dir' },
    use: 'write to',
    missing: 'make it, or name another data_dir',
  });
  return remedy === undefined ? systemCause(error) : `${systemCause(error)}; ${remedy}`;
}
