import { usageError } from '../errors/user-error.js';
import { isRepeatable, type OptionTable } from './command.js';

/** How an option is written: its long name, and whether a value follows. */
export interface OptionForm {
  readonly long: string;
  readonly takesValue: boolean;
}

/** A command line with long options only, each with its value in the same word. */
export function plainWords(
  argv: readonly string[],
  options: OptionTable,
  remedy?: string,
): string[] {
  const repeatable = Object.entries(options).flatMap(([name, option]) =>
    isRepeatable(option) ? name : [],
  );
  return keepLast(expandShortOptions(argv, shortForms(options), remedy), new Set(repeatable));
}

/** How the options are written in short. */
function shortForms(options: OptionTable): Map<string, OptionForm> {
  const forms = new Map<string, OptionForm>([
    ['h', { long: 'help', takesValue: false }],
    ['V', { long: 'version', takesValue: false }],
  ]);
  for (const [long, { alias, type }] of Object.entries(options)) {
    forms.set(alias ?? long, { long, takesValue: type === 'string' });
  }
  return forms;
}

/**
 * Rewrites the short options of a command line to long ones, by the rules of getopt that people know from tcpdump and
 * kcat: flags may be joined (-ce), a value may be attached (-m10) or begin with a minus (-o -10), `--` ends the options.
 * pycapa's two-letter options (-pp, -ll) come before joined flags. What is not known is left as it is.
 */
export function expandShortOptions(
  argv: readonly string[],
  forms: ReadonlyMap<string, OptionForm>,
  seeHelp = "see 'kcap --help'",
): string[] {
  const expanded: string[] = [];
  const long = new Map([...forms.values()].map((form) => [form.long, form]));
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') return [...expanded, ...argv.slice(i)];
    const split = word.startsWith('--') ? splitLong(word, long) : splitShort(word, forms);
    if (!split) {
      expanded.push(word);
      continue;
    }
    expanded.push(...split.flags.map((name) => `--${name}`));
    if (!split.option) continue;
    const value = split.value ?? argv[++i];
    if (value === undefined) throw usageError(word, 'its value is missing', seeHelp);
    expanded.push(`--${split.option}=${value}`);
  }
  return expanded;
}

/** Of an option that is given twice the last one counts, as in pycapa; `repeatable` ones keep all. */
export function keepLast(words: readonly string[], repeatable: ReadonlySet<string>): string[] {
  const nameOf = (word: string) => /^--([a-z-]+)=/.exec(word)?.[1];
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const options = words.slice(0, end);
  const kept = options.filter((word, index) => {
    const name = nameOf(word);
    if (name === undefined || repeatable.has(name)) return true;
    return !options.slice(index + 1).some((later) => nameOf(later) === name);
  });
  return [...kept, ...words.slice(end)];
}

interface Split {
  readonly flags: readonly string[];
  /** The option at the end that takes a value. */
  readonly option?: string;
  /** Its value, where it is part of the same word. */
  readonly value?: string;
}

function splitLong(word: string, long: ReadonlyMap<string, OptionForm>): Split | undefined {
  const form = long.get(word.slice(2));
  return form?.takesValue === true ? { flags: [], option: form.long } : undefined;
}

function splitShort(word: string, forms: ReadonlyMap<string, OptionForm>): Split | undefined {
  if (!/^-[A-Za-z]/.test(word)) return undefined;
  const flags: string[] = [];
  for (let rest = word.slice(1); rest !== '';) {
    const letters = forms.has(rest.slice(0, 2)) ? rest.slice(0, 2) : rest.slice(0, 1);
    const form = forms.get(letters);
    if (!form) return undefined;
    rest = rest.slice(letters.length);
    if (form.takesValue) {
      const value = rest.replace(/^=/, '');
      return { flags, option: form.long, ...(rest === '' ? {} : { value }) };
    }
    flags.push(form.long);
  }
  return { flags };
}
