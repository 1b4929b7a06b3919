import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { addon } from '../addon/addon.js';
import { listDevices } from '../capture/devices.js';
import { linkTypeNames } from '../capture/link-type.js';
import { usageError } from '../errors/user-error.js';
import { print } from '../terminal/standard-output.js';
import { candidatesFor, type Candidate, type Suggest } from './candidates.js';
import type { Runner } from './command.js';
import { COMMANDS } from './commands.js';
import { SHELLS, type COMPLETION_OPTIONS, type Shell } from './completion-options.js';
import { completionScript } from './completion-scripts.js';

/** `kcap completion`: a script for the user's shell, which asks for candidates in turn. */
export const completion: Runner<typeof COMPLETION_OPTIONS> = async ({ candidates }, _, words) => {
  await print(candidates === true ? await candidateLines(words) : completionScript(shellOf(words)));
  return 0;
};

function shellOf([name, ...others]: readonly string[]): Shell {
  const known = SHELLS.find(
    (shell) => shell === (name ?? path.basename(process.env['SHELL'] ?? '')),
  );
  if (known === undefined || others.length > 0)
    throw usageError(
      'completion',
      name === undefined
        ? 'SHELL names no shell that kcap knows'
        : 'it takes the name of one shell',
      `name it: 'kcap completion ${SHELLS.join('|')}'`,
    );
  return known;
}

/** A line each: the word, a tab and what it is; or a single line that asks the shell for files or folders. */
async function candidateLines(words: readonly string[]): Promise<string> {
  const found = await candidatesFor(words, COMMANDS, suggest);
  if (found.kind !== 'words') return `:${found.kind}\n`;
  return found.candidates.map(({ text, describe = '' }) => `${text}\t${describe}\n`).join('');
}

const suggest: Suggest = async (what, words) => {
  switch (what) {
    case 'interface':
      return (await listDevices()).map(({ name, description, addresses }) => ({
        text: name,
        describe: description ?? addresses.join(' '),
      }));
    case 'property':
      return addon.properties().map(({ name }) => ({ text: `${name}=` }));
    case 'link-type':
      return linkTypeNames().map((text) => ({ text }));
    case 'user':
      return users(await readFile('/etc/passwd', 'utf8'));
    case 'topic': {
      const { topicSuggestions } = await import('./topic-suggestions.js');
      return (await topicSuggestions(words)).map((text) => ({ text }));
    }
    case 'task': {
      const { taskSuggestions } = await import('./task-suggestions.js');
      return taskSuggestions(words);
    }
  }
};

function users(passwd: string): Candidate[] {
  return passwd
    .split('\n')
    .map((line) => ({ text: line.split(':', 1)[0] ?? '' }))
    .filter(({ text }) => text !== '');
}
