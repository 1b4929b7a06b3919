import { outputColumns } from '../terminal/standard-output.js';
import { capitalized, type Command, type Option, type OptionTable } from './command.js';
import { BRIDGE, COMMANDS } from './commands.js';
import { wrap } from './table.js';

const MOST_COLUMNS = 80;
/** Where descriptions begin. */
const COLUMN = 32;

const HELP: OptionTable = {
  help: { alias: 'h', type: 'boolean', describe: 'show this help' },
  version: { alias: 'V', type: 'boolean', describe: 'show the versions of kcap and its libraries' },
};

/**
 * What `--help` shows for a command: of the one without a name, the other commands as well.
 *
 * @param given options beside --help: those that mean nothing with them are left out
 */
export function helpText(command: Command, given: ReadonlySet<string>): string {
  const foreign = new Set(command.foreignOptions?.(given) ?? []);
  const sections = Object.entries(command.sections).map(([title, options]) =>
    section(title, entries(options, foreign)),
  );
  const isBridge = command === BRIDGE;
  return [
    section('Usage', [
      ...command.usage.map(indented),
      ...(isBridge ? ['  kcap COMMAND [options]'] : []),
    ]),
    ...(isBridge ? [] : [`${capitalized(command.summary)}.`]),
    ...(command.examples ? [section('Examples', command.examples.map(indented))] : []),
    ...(isBridge ? [commandList()] : []),
    ...sections,
    section('Help', entries(HELP, foreign)),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function commandList(): string {
  const named = COMMANDS.filter(({ name }) => name !== '');
  return section(
    "Commands ('kcap COMMAND --help' shows their options)",
    named.map(({ name, summary }) => described(`  ${name}`, summary)),
  );
}

function entries(options: OptionTable, foreign: ReadonlySet<string>): string[] {
  return Object.entries(options)
    .filter(([name]) => !foreign.has(name))
    .map(entry);
}

/** Empty where there is nothing in it. */
function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`${title}:`, ...lines].join('\n');
}

function indented(line: string): string {
  return `  ${line}`;
}

function entry([name, option]: [string, Option]): string {
  // What is on by default can only be turned off.
  const long = option.default === true ? `--no-${name}` : `--${name}`;
  const short = option.alias !== undefined ? `-${option.alias}, ` : '';
  const value = option.type === 'string' ? ` ${option.value}` : '';
  return described(`  ${short.padStart(5)}${long}${value}`, option.describe);
}

/** What is explained, and its explanation in a column of its own. */
function described(left: string, description: string): string {
  const [first = '', ...rest] = wrap(description, Math.max(columns() - COLUMN, 20));
  const lines = rest.map((line) => ' '.repeat(COLUMN) + line);
  return left.length < COLUMN - 1
    ? [left.padEnd(COLUMN) + first, ...lines].join('\n')
    : [left, ' '.repeat(COLUMN) + first, ...lines].join('\n');
}

/** Of the terminal that help is shown on, but no more than lines should have. */
function columns(): number {
  return Math.min(outputColumns() ?? MOST_COLUMNS, MOST_COLUMNS);
}
