import type { ExitStatus } from '../errors/user-error.js';
import { plainWords } from './argv.js';
import { givenOptions, seeHelp, type Command } from './command.js';
import { BRIDGE, COMMANDS } from './commands.js';
import { outputColumns, print } from '../terminal/standard-output.js';

/** Runs what the command line asks for; throws a UserError for what can't be done. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitStatus> {
  const [word] = argv;
  const isNamed = ({ name, alias }: Command) => name === word || alias === word;
  const named = word === undefined || word === '' ? undefined : COMMANDS.find(isNamed);
  const command = named ?? BRIDGE;
  const words = plainWords(named ? argv.slice(1) : argv, command.options, seeHelp(command));
  const given = givenOptions(words);
  const asked = ['help', 'version'].find((name) => given.has(name));
  if (asked === undefined) return command.run(words);
  await print(`${asked === 'help' ? await helpOf(command, given) : await version()}\n`);
  return 0;
}

async function helpOf(command: Command, given: ReadonlySet<string>): Promise<string> {
  const { helpText } = await import('./help.js');
  return helpText(command, given);
}

async function version(): Promise<string> {
  const { versionText } = await import('./version.js');
  return versionText(outputColumns());
}
