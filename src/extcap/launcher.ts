import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemError, type Place } from '../errors/system-error.js';
import { codeOf, UserError } from '../errors/user-error.js';

const NAME = 'kcap';
const MARK = "# Made by 'kcap extcap --install', and removed by 'kcap extcap --uninstall'.";

const FOLDER: Place = {
  named: { verb: 'name', noun: 'folder with --folder' },
  use: 'write to',
  missing: 'make the folder first',
};

/** The programs that a launcher starts. */
export interface Programs {
  /** Absolute paths: Wireshark's PATH is not the user's shell's. */
  readonly kcap: string;
  readonly node: string;
}

/** Puts a program there that Wireshark starts kcap with, and gives its path; throws where a foreign file is in the way. */
export function installLauncher(folder: string, programs: Programs): string {
  const file = path.join(folder, NAME);
  if (contentOf(file)?.includes(MARK) === false)
    throw new UserError(file, 'it was not put there by kcap', {
      remedy: 'move it away if nobody needs it',
    });
  const written = `${file}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    rmSync(written, { force: true });
    writeFileSync(written, launcherText(programs), { flag: 'wx' });
    chmodSync(written, 0o755);
    renameSync(written, file);
  } catch (error) {
    throw systemError(`write ${file}`, error, FOLDER);
  }
  return file;
}

/** Takes kcap's launcher out of the folder; undefined where there is none. */
export function removeLauncher(folder: string): string | undefined {
  const file = path.join(folder, NAME);
  if (contentOf(file)?.includes(MARK) !== true) return undefined;
  try {
    rmSync(file);
  } catch (error) {
    throw systemError(`remove ${file}`, error, FOLDER);
  }
  return file;
}

/** Where Node has gone, that of the PATH may do. */
export function launcherText({ kcap, node }: Programs): string {
  return `#!/bin/sh
${MARK}
node=${quoted(node)}
[ -x "$node" ] || node=node
KCAP_NODE=$node exec ${quoted(kcap)} extcap "$@"
`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw systemError(`read ${file}`, error, FOLDER);
  }
}
