import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const LIMIT_MS = 10_000;

/** Where Wireshark looks for programs that it captures with. */
export interface WiresharkFolders {
  /** Of this user; undefined where this Wireshark has none (before 4.2). */
  readonly personal: string | undefined;
  /** Of everybody; undefined where nobody says. */
  readonly global: string | undefined;
}

/** Asks Wireshark's own programs; undefined where there are none. */
export async function findWiresharkFolders(): Promise<WiresharkFolders | undefined> {
  for (const program of ['tshark', 'wireshark']) {
    const folders = await foldersOf(program);
    if (folders) return folders;
  }
  return undefined;
}

/** Where this user's Wireshark looks from 4.2 on, unless it was built to look elsewhere. */
export function usualPersonalFolder(): string {
  return path.join(homedir(), '.local/lib/wireshark/extcap');
}

async function foldersOf(program: string): Promise<WiresharkFolders | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-G', 'folders'], {
      timeout: LIMIT_MS,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return foldersIn(stdout);
  } catch {
    return undefined;
  }
}

/** What `tshark -G folders` says; undefined where it says nothing of extcap. */
export function foldersIn(text: string): WiresharkFolders | undefined {
  const folder = (kind: RegExp) => kind.exec(text)?.[1]?.trim();
  const personal = folder(/^Personal Extcap path:[ \t]*(\/.*)$/im);
  const global = folder(/^(?:Global )?Extcap path:[ \t]*(\/.*)$/im);
  return personal === undefined && global === undefined ? undefined : { personal, global };
}
