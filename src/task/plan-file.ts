import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Place, systemError } from '../errors/system-error.js';
import { UserError } from '../errors/user-error.js';
import { compileCapturePlan, isCapturePlan } from '../language/capture-plan.js';
import { LanguageError } from '../language/language-error.js';
import type { SipFilter } from '../language/sip-filter.js';

const MOST_BYTES = 256 * 1024;

const PLACE: Place = {
  named: { verb: 'name', noun: 'file' },
  use: 'read',
  missing: "give the plan's path on the agent's host",
};

/**
 * Compiles the capture plan in a file of this host. Whoever names the file may not be who may read it: nothing of a file is
 * shown that does not begin as a plan.
 *
 * @throws UserError with line and column of what is wrong with it
 */
export async function readPlanFile(path: string): Promise<SipFilter> {
  const what = `plan ${path}`;
  const text = await readText(what, path);
  if (!isCapturePlan(text))
    throw new UserError(what, 'no capture plan: it does not begin with capture[NAME] {');
  try {
    return await compileCapturePlan(text);
  } catch (error) {
    if (!(error instanceof LanguageError)) throw error;
    const [cause = '', ...remedy] = error.message.split('\n');
    throw new UserError(what, `line ${error.line}, column ${error.column}: ${cause}`, {
      ...{ remedy: [error.marked, ...remedy].join('\n'), exitStatus: 2 },
    });
  }
}

async function readText(what: string, path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    // Of a pipe that nobody writes to, opening alone would wait.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) throw new UserError(what, 'not a file', { remedy: PLACE.missing });
    const { size } = status;
    if (size > MOST_BYTES) throw new UserError(what, `more than ${MOST_BYTES / 1024} KiB`);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.toString('utf8', 0, bytesRead);
  } catch (error) {
    throw systemError(what, error, PLACE);
  } finally {
    await file?.close();
  }
}
