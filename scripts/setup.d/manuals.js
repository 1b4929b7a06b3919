/** Writes the manual pages of all commands to dist/man. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { COMMANDS } from '../../dist/commands/commands.js';
import { manualName, manualPage } from '../../dist/commands/manual.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
mkdirSync('dist/man', { recursive: true });
for (const command of COMMANDS)
  writeFileSync(`dist/man/${manualName(command)}.1`, manualPage(command, version));
