import { createRequire } from 'node:module';
import path from 'node:path';
import { UserError } from '../errors/user-error.js';
import { installLauncher, removeLauncher } from '../extcap/launcher.js';
import { findWiresharkFolders, usualPersonalFolder } from '../extcap/wireshark-folders.js';

/** Puts kcap into the folder, or where Wireshark looks; gives what is to be said of it. */
export async function install(folder: string | undefined): Promise<string> {
  const file = installLauncher(path.resolve(folder ?? (await usualFolder())), {
    kcap: path.join(path.dirname(createRequire(import.meta.url).resolve('#package')), 'bin/kcap'),
    node: process.execPath,
  });
  return `${file}: Wireshark lists Kafka among its interfaces when it starts, or with Capture > Refresh Interfaces (F5)\n`;
}

/** Takes kcap out of the folder, or out of all where Wireshark looks. */
export async function uninstall(folder: string | undefined): Promise<string> {
  const found = folder === undefined ? await findWiresharkFolders() : undefined;
  const folders =
    folder === undefined
      ? [found?.personal, found?.global, usualPersonalFolder()]
      : [path.resolve(folder)];
  const removed = [...new Set(folders)].flatMap((known) =>
    known === undefined ? [] : (removeLauncher(known) ?? []),
  );
  return removed.length === 0
    ? 'kcap is in no folder of Wireshark: nothing to remove\n'
    : removed.map((file) => `${file}: removed\n`).join('');
}

async function usualFolder(): Promise<string> {
  const found = await findWiresharkFolders();
  if (!found) return usualPersonalFolder();
  if (found.personal !== undefined) return found.personal;
  if (process.geteuid?.() !== 0)
    throw new UserError(
      'kcap extcap --install',
      `this Wireshark looks only in ${found.global ?? ''}`,
      {
        remedy: 'run it as root: sudo kcap extcap --install',
      },
    );
  return found.global ?? usualPersonalFolder();
}
