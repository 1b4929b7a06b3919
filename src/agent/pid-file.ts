import { open, rm } from 'node:fs/promises';
import { systemError } from '../errors/system-error.js';
import type { Closable } from '../pipeline/scope.js';

/** The number of this process, for scripts; the file goes with the agent. */
export class PidFile implements Closable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Writes it in place of what an agent that was killed has left. */
  static async write(path: string): Promise<PidFile> {
    try {
      const file = await open(path, 'w', 0o644);
      try {
        await file.writeFile(`${process.pid}\n`);
      } finally {
        await file.close();
      }
      return new PidFile(path);
    } catch (error) {
      throw systemError(`pid file ${path}`, error, {
        named: { verb: 'name', noun: 'file' },
        use: 'write to',
        missing: 'make its folder first, or name another file (control.pid_file)',
      });
    }
  }

  async close(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
