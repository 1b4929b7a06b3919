import { parseArgs } from 'node:util';

import { CASES, type Case } from './cases.js';
import { BEFORE, CONTENDERS, type Contender, type Properties } from './contenders.js';

export interface Options {
  readonly cases: readonly Case[];
  readonly contenders: readonly Contender[];
  /** Undefined for what is usual in a case. */
  readonly rounds: number | undefined;
  readonly seconds: number | undefined;
  /** librdkafka properties that every contender is given. */
  readonly properties: Properties;
  readonly json: string | undefined;
  readonly svg: string | undefined;
}

export const USAGE = `usage: npm run bench [-- OPTION...]
  --cases PATTERN[,PATTERN...]  cases with this in their name; 'all' for all but
                                soak; without it, the usual ones
  --contenders NAME[,NAME...]   only these of ${CONTENDERS.join(', ')}
  --rounds N                    how often each contender has its turn (3; soak: 1)
  --seconds S                   how long traffic lasts in each turn (5; soak: 600)
  -X KEY=VALUE                  a librdkafka property for every contender; repeatable
  --json FILE                   everything that was measured
  --svg FILE                    the ratios as a plot
  --list                        the cases`;

/** The options as given; a text to show instead, where that was asked for. Throws an Error for what can't be. */
export function parseOptions(args: readonly string[]): Options | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string' },
      contenders: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      property: { type: 'string', short: 'X', multiple: true, default: [] },
      json: { type: 'string' },
      svg: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return USAGE;
  if (values.list)
    return CASES.map(({ name, title, when }) => `${name}: ${title} (${when})`).join('\n');
  return {
    cases: chosenCases(values.cases),
    contenders: chosenContenders(values.contenders),
    rounds: positive('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    properties: new Map(values.property.map(parseProperty)),
    json: values.json,
    svg: values.svg,
  };
}

function chosenCases(patterns: string | undefined): readonly Case[] {
  if (patterns === undefined) return CASES.filter(({ when }) => when === 'by default');
  const chosen = CASES.filter((spec) =>
    patterns.split(',').some((pattern) => matches(pattern, spec)),
  );
  if (chosen.length === 0) throw new Error(`--cases ${patterns}: no such case (--list shows them)`);
  return chosen;
}

function matches(pattern: string, { name, when }: Case): boolean {
  if (pattern === 'all') return when !== 'named';
  const isName = CASES.some((spec) => spec.name === pattern);
  return isName ? name === pattern : name.includes(pattern);
}

function chosenContenders(names: string | undefined): readonly Contender[] {
  const wanted = names?.split(',') ?? CONTENDERS.filter((name) => name !== 'before' || BEFORE);
  const unknown = wanted.find((name) => !CONTENDERS.some((known) => known === name));
  if (unknown !== undefined)
    throw new Error(`--contenders ${unknown}: there is ${CONTENDERS.join(', ')}`);
  if (wanted.includes('before') && !BEFORE)
    throw new Error('--contenders before: set KCAP_BENCH_BEFORE to another checkout, built');
  return CONTENDERS.filter((name) => wanted.includes(name));
}

function parseProperty(text: string): [key: string, value: string] {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new Error(`-X ${text}: not KEY=VALUE`);
  return [key, value];
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new Error(`${name} ${text}: not a number above 0`);
  return value;
}
