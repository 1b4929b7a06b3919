import { addon } from '../addon/addon.js';
import type { Passing } from '../errors/user-error.js';
import type { ClientFacts } from './client-facts.js';
import { KNOWN_CAUSES } from './causes/known-causes.js';
import { hideSecrets } from './secrets.js';

/** What went wrong between a client and its brokers, and what to do about it. */
export interface Problem {
  readonly cause: string;
  /** Undefined where nothing better is known than to look at everything. */
  readonly remedy: string | undefined;
  /** Why it may pass; undefined if it won't, as a refusal. */
  readonly passes?: Passing | undefined;
}

export interface ProblemOptions {
  /** librdkafka's name of the error; by default it is looked for in the text, which may end with its description. */
  readonly name?: string | undefined;
  /** The client has been connected before. */
  readonly atWork?: boolean;
}

/** Cause and remedy, by what librdkafka or another library said, without the secrets that it may repeat. */
export function problemOf(
  said: string,
  facts: ClientFacts,
  { name = nameIn(said), atWork = false }: ProblemOptions = {},
): Problem {
  const text = hideSecrets(said, facts.properties);
  for (const { names, says, when, cause, remedy, atStart, passes } of KNOWN_CAUSES) {
    if (atWork && atStart) continue;
    const found = says?.exec(text)?.[1] ?? '';
    const fits = says?.test(text) ?? (name !== undefined && names?.includes(name) === true);
    if (!fits || when?.(facts, found) === false) continue;
    const tell = (told: NonNullable<typeof cause>) =>
      typeof told === 'string' ? told : told(facts, found);
    const told = cause === undefined ? shortened(text) : tell(cause);
    return { cause: told, remedy: tell(remedy), passes };
  }
  return { cause: shortened(text), remedy: undefined };
}

/** Whether an error of this name won't pass: going on is of no use. */
export function isRefusal(name: string): boolean {
  return KNOWN_CAUSES.some(({ names, final }) => final === true && names?.includes(name) === true);
}

/** A line of librdkafka's log without the thread that it comes from, `[thrd:NAME]: `; a name may have brackets itself. */
export function withoutThread(line: string): string {
  return line.replace(/^\[thrd:.*?\]: /, '');
}

let namesByDescription: ReadonlyMap<string, string> | undefined;

/** The name of the error that a text of librdkafka's ends with, such as `Broker: Not enough in-sync replicas`. */
function nameIn(text: string): string | undefined {
  const [description] = /(?:Broker|Local): [^:]+$/.exec(text) ?? [];
  if (description === undefined) return undefined;
  namesByDescription ??= new Map(
    addon.kafkaErrors().map(({ name, description: known }) => [known, name]),
  );
  return namesByDescription.get(description.replace(/\.$/, ''));
}

/** Without what says nothing to the user: the way through libraries, and how long a state lasted. */
function shortened(text: string): string {
  const said = text
    .replace(/ \(after \d+ms in state.*$/, '')
    .replace(/ \(default cache: (.*)\)\)$/, ': $1)');
  const [, general = '', cause] = /GSSAPI Error: ([^(]*) \((.*)\)$/.exec(said) ?? [];
  return cause === 'Success' ? general : (cause ?? said);
}
