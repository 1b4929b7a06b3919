import { mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  aclProblem,
  bucketProblem,
  endpointProblem,
  folderProblem,
  regionProblem,
  type S3Place,
} from '../aws/s3-place.js';
import { sweepParts, writeWholeFile } from '../files/whole-file.js';
import type { CapturedFile, TargetName } from './captured-file.js';

const OWNER_ONLY = { file: 0o600, folder: 0o700 } as const;
const DESCRIPTION = '.json';

/** What stands beside a kept file: all that it takes to send it, but for credentials. */
interface Description {
  readonly version: 1;
  /** Before it got a number, if it has one. */
  readonly name: string;
  readonly tags: string;
  readonly s3: Partial<S3Place>;
  readonly targets: readonly TargetName[];
}

/** A file that waits for targets. */
export interface KeptFile {
  readonly path: string;
  readonly file: CapturedFile;
  readonly targets: readonly TargetName[];
}

/** How much is kept at most. */
export interface KeptBounds {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Capture files on disk that some of their targets would not take, each with a description beside it. They are bounded:
 * the oldest go as new ones come.
 */
export class KeptFiles {
  readonly folder: string;
  readonly #bounds: () => KeptBounds;
  /** Bytes of each by its path, the oldest first. */
  readonly #sizes: Map<string, number>;

  private constructor(folder: string, bounds: () => KeptBounds, sizes: Map<string, number>) {
    this.folder = folder;
    this.#bounds = bounds;
    this.#sizes = sizes;
  }

  /** Makes the folder where it is missing; throws the system's error. @param bounds those of the moment */
  static async open(folder: string, bounds: () => KeptBounds): Promise<KeptFiles> {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY.folder });
    await sweepParts(folder);
    const sizes = new Map<string, number>();
    const opened = new KeptFiles(folder, bounds, sizes);
    const { kept } = await opened.list();
    const found = await Promise.all(
      kept.map(async (file) => ({ file, found: await stat(file).catch(() => undefined) })),
    );
    found.sort((a, b) => (a.found?.mtimeMs ?? 0) - (b.found?.mtimeMs ?? 0));
    for (const { file, found: { size } = { size: 0 } } of found) sizes.set(file, size);
    return opened;
  }

  get bounds(): KeptBounds {
    return this.#bounds();
  }

  /**
   * Writes the file; gives its path, and those of the oldest ones that were removed for it. Throws the system's error, or
   * one that says that it is too large.
   */
  async keep(
    file: CapturedFile,
    targets: readonly TargetName[],
  ): Promise<{ readonly path: string; readonly dropped: readonly string[] }> {
    const bytes = file.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const most = this.#bounds().bytes;
    if (bytes > most)
      throw new Error(`${bytes} bytes are above resources.max_failed_size (${most})`);
    const kept = await writeWholeFile(this.folder, file.name, file.chunks);
    const { name, tags, s3 } = file;
    try {
      await this.#describe(kept, { version: 1, name, tags, s3, targets });
    } catch (error) {
      await unlink(kept).catch(() => undefined);
      throw error;
    }
    this.#sizes.set(kept, bytes);
    return { path: kept, dropped: await this.#dropOldest() };
  }

  /** Paths of all that is kept, the oldest name first; and of files that nothing describes, which are left alone. */
  async list(): Promise<{ readonly kept: string[]; readonly undescribed: string[] }> {
    // Tasks have folders of their own in it.
    const entries = (await readdir(this.folder, { withFileTypes: true })).filter(
      (entry) => !entry.isDirectory() && !entry.name.startsWith('.'),
    );
    const names = entries.map(({ name }) => name).sort();
    const files = names.filter((name) => !name.endsWith(DESCRIPTION));
    const isKept = (name: string) => names.includes(`${name}${DESCRIPTION}`);
    const inFolder = (name: string) => path.join(this.folder, name);
    return {
      kept: files.filter(isKept).map(inFolder),
      undescribed: files.filter((name) => !isKept(name)).map(inFolder),
    };
  }

  /** Reads one into memory; throws an Error where it or its description is damaged. */
  async read(kept: string): Promise<KeptFile> {
    const description = descriptionIn(await readFile(`${kept}${DESCRIPTION}`, 'utf8'));
    const { name, tags, s3, targets } = description;
    return { path: kept, file: { name, tags, s3, chunks: [await readFile(kept)] }, targets };
  }

  /** It has arrived at all but these targets; without any, it is removed. */
  async update({ path: kept, file }: KeptFile, targets: readonly TargetName[]): Promise<void> {
    // Newer ones may have taken its room meanwhile.
    if (!this.#sizes.has(kept)) return;
    if (targets.length > 0) {
      const { name, tags, s3 } = file;
      await this.#describe(kept, { version: 1, name, tags, s3, targets });
      return;
    }
    await this.#remove(kept);
  }

  /** Removes the oldest until the others are within the bounds; gives their paths. */
  async #dropOldest(): Promise<string[]> {
    const { files, bytes } = this.#bounds();
    let total = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    const dropped: string[] = [];
    for (const [oldest, size] of this.#sizes) {
      if (this.#sizes.size - dropped.length <= files && total <= bytes) break;
      total -= size;
      dropped.push(oldest);
    }
    await Promise.all(dropped.map((file) => this.#remove(file)));
    return dropped;
  }

  async #remove(kept: string): Promise<void> {
    this.#sizes.delete(kept);
    for (const file of [kept, `${kept}${DESCRIPTION}`]) await rm(file, { force: true });
  }

  async #describe(kept: string, description: Description): Promise<void> {
    const file = `${kept}${DESCRIPTION}`;
    const part = path.join(this.folder, `.${path.basename(file)}`);
    const text = `${JSON.stringify(description)}\n`;
    await writeFile(part, text, { mode: OWNER_ONLY.file, flush: true });
    await rename(part, file);
  }
}

/** The checks of messages, again: the folder may be older than they are. */
function descriptionIn(text: string): Description {
  const value = JSON.parse(text) as Partial<Description>;
  const { version, name, tags, targets, s3 } = value;
  const known: readonly unknown[] = ['local', 's3', 'cloudshark'];
  const isDescription =
    version === 1 &&
    typeof name === 'string' &&
    !/[/\0]/.test(name) &&
    typeof tags === 'string' &&
    Array.isArray(targets) &&
    targets.every((target) => known.includes(target));
  if (!isDescription) throw new Error('its description is damaged');
  return { version, name, tags, targets, s3: placeIn(s3) };
}

function placeIn(s3: Partial<S3Place> | undefined): Partial<S3Place> {
  const { bucket, folder, region, endpoint, acl, encryption } = s3 ?? {};
  const problems = [
    bucket !== undefined && bucketProblem(bucket),
    folder !== undefined && folderProblem(folder),
    region !== undefined && regionProblem(region),
    endpoint !== undefined && endpointProblem(endpoint),
    acl !== undefined && aclProblem(acl),
  ];
  if (problems.some((problem) => typeof problem === 'string'))
    throw new Error('its description is damaged');
  return {
    ...(bucket !== undefined && { bucket }),
    ...(folder !== undefined && { folder }),
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(acl !== undefined && { acl }),
    ...(encryption === true && { encryption }),
  };
}
