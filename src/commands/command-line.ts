import type { ExitStatus } from '../errors/user-error.js';
import { expandShortOptions, keepLast, type OptionForm } from './argv.js';
import { givenOptions, seeHelp, type Command, type OptionTable } from './command.js';
import { BRIDGE, COMMANDS } from './commands.js';
import { print } from '../terminal/standard-output.js';

/** Runs what the command line asks for; throws a UserError for what can't be done. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitStatus> {
  const named = COMMANDS.find(({ name }) => name === argv[0] && name !== '');
  const command = named ?? BRIDGE;
  const words = plainWords(named ? argv.slice(1) : argv, command);
  const given = givenOptions(words);
  const asked = ['help', 'version'].find((name) => given.has(name));
  if (asked === undefined) return command.run(words);
  await print(`${asked === 'help' ? await helpOf(command, given) : await version()}\n`);
  return 0;
}

/** The command line with long options only, each with its value in the same word. */
function plainWords(argv: readonly string[], command: Command): string[] {
  const { options } = command;
  const repeatable = Object.keys(options).filter((name) => options[name]?.array === true);
  const expanded = expandShortOptions(argv, shortForms(options), seeHelp(command));
  return keepLast(expanded, new Set(repeatable));
}

/** How the options are written in short. */
function shortForms(options: OptionTable): Map<string, OptionForm> {
  const forms = new Map<string, OptionForm>([
    ['h', { long: 'help', takesValue: false }],
    ['V', { long: 'version', takesValue: false }],
  ]);
  for (const [long, { alias, type }] of Object.entries(options)) {
    const short = typeof alias === 'string' ? alias : long;
    forms.set(short, { long, takesValue: type === 'string' });
  }
  return forms;
}

async function helpOf(command: Command, given: ReadonlySet<string>): Promise<string> {
  const { helpText } = await import('./help.js');
  return helpText(command, given);
}

async function version(): Promise<string> {
  const { versionText } = await import('./version.js');
  return versionText();
}
