import { capitalized, type Command, type Option, type OptionTable } from './command.js';
import { COMMANDS } from './commands.js';

/** The name of a command's page, and of its file but for the section. */
export function manualName({ name }: Pick<Command, 'name'>): string {
  return name === '' ? 'kcap' : `kcap-${name}`;
}

/**
 * The manual page of a command, in man(7)'s macros, from what help is made of.
 *
 * @param version kcap's
 */
export function manualPage(command: Command, version: string): string {
  const isMain = command.name === '';
  const title = manualName(command);
  return [
    `.TH ${title.toUpperCase()} 1 "" "kcap ${version}" "User Commands"`,
    '.SH NAME',
    `${escaped(title)} \\- ${escaped(command.summary)}`,
    '.SH SYNOPSIS',
    ...command.usage.flatMap((form) => ['.nf', `.B ${escaped(form)}`, '.fi']),
    '.SH DESCRIPTION',
    ...paragraphs(isMain ? MAIN : [`${capitalized(command.summary)}.`]),
    ...(isMain ? ['.SH COMMANDS', ...commandList()] : []),
    ...Object.entries(command.sections).flatMap(([name, options]) =>
      section(name, options, command),
    ),
    '.SH HELP',
    ...entry('help', { alias: 'h', type: 'boolean', describe: 'show a summary of this page' }),
    ...(isMain ? entry('version', { alias: 'V', type: 'boolean', describe: 'show versions' }) : []),
    ...(command.examples ? ['.SH EXAMPLES', '.nf', ...command.examples.map(escaped), '.fi'] : []),
    ...(isMain ? ['.SH ENVIRONMENT', ...ENVIRONMENT.flatMap(tagged)] : []),
    '.SH EXIT STATUS',
    ...STATUS.flatMap(tagged),
    '.SH SEE ALSO',
    seeAlso(command),
    '',
  ].join('\n');
}

const MAIN = [
  'With --producer, kcap captures packets on interfaces, or reads them from capture files, and sends each to a Kafka topic. With --consumer it reads a topic and writes a capture file or stream for tcpdump, tshark or Wireshark.',
  "Every run ends with a summary: packets in, packets out, and what became of the others, by cause. A packet that is lost changes the exit status. Kafka's settings are librdkafka's: see -X.",
  'A word behind an option may be joined to it (-m10, --from=-15m) and may begin with a minus; flags may be joined (-ce).',
];

const ENVIRONMENT: readonly (readonly [name: string, text: string])[] = [
  ['KCAP_CONFIG', 'file with properties, one KEY=VALUE on each line; -k and -X come after it'],
  ['NO_COLOR', 'if it is set and not empty, nothing is coloured'],
];

const STATUS: readonly (readonly [status: string, text: string])[] = [
  ['0', 'all went well'],
  ['1', 'something failed or was lost'],
  ['2', 'the command line is wrong'],
];

function section(name: string, options: OptionTable, command: Command): string[] {
  const title = name === 'Options' && command.name !== '' ? 'OPTIONS' : name.toUpperCase();
  const entries = Object.entries(options).flatMap(([long, option]) => entry(long, option));
  return entries.length === 0 ? [] : [`.SH ${title}`, ...entries];
}

function entry(name: string, option: Option): string[] {
  // What is on by default can only be turned off.
  const long = option.default === true ? `--no-${name}` : `--${name}`;
  const short = option.alias !== undefined ? `\\fB${escaped(`-${option.alias}`)}\\fR, ` : '';
  const value = option.type === 'string' ? ` \\fI${escaped(option.value)}\\fR` : '';
  const describe = capitalized(option.describe);
  const mode = option.mode === undefined ? '' : ` (${option.mode})`;
  return ['.TP', `${short}\\fB${escaped(long)}\\fR${value}`, escaped(`${describe}${mode}.`)];
}

function commandList(): string[] {
  return COMMANDS.filter(({ name }) => name !== '').flatMap(({ name, summary }) => [
    '.TP',
    `\\fB${escaped(name)}\\fR`,
    escaped(`${capitalized(summary)}. See ${manualName({ name })}(1).`),
  ]);
}

function seeAlso(command: Command): string {
  const pages = COMMANDS.filter((other) => other !== command).map((other) => manualName(other));
  return [...pages.map((page) => `${page}(1)`), 'pcap-filter(7)', 'tcpdump(8)', 'tshark(1)']
    .map(escaped)
    .join(', ');
}

function tagged([tag, text]: readonly [tag: string, text: string]): string[] {
  return ['.TP', `\\fB${escaped(tag)}\\fR`, escaped(`${capitalized(text)}.`)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => ['.PP', escaped(text)]);
}

/** A text as roff shows it unchanged: a minus that can be copied, and no request at the beginning. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/^([.'])/, '\\&$1');
}
