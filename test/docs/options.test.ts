import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BRIDGE, COMMANDS } from '#kcap/commands/commands.js';
import type { Command } from '#kcap/commands/command.js';

import { userPages, type Page } from '../support/docs/pages.js';

test('options that the pages give kcap exist', async () => {
  const unknown: string[] = [];
  for (const { name, text } of await userPages())
    for (const [index, line] of text.split('\n').entries())
      for (const { command, options } of kcapCommands(line))
        for (const option of options)
          if (!takes(command, option)) unknown.push(`${name}:${index + 1}: ${option}`);
  assert.deepEqual(unknown, []);
});

test('options that the pages name exist', async () => {
  const unknown: string[] = [];
  for (const page of await userPages()) {
    if (OF_OTHERS.has(page.name)) continue;
    for (const { line, text } of ownWords(page))
      for (const [, option = ''] of text.matchAll(/`(--?[A-Za-z][\w-]*)[^`]*`/g))
        if (!COMMANDS.some((command) => takes(command, option)))
          unknown.push(`${page.name}:${line}: ${option}`);
  }
  assert.deepEqual(unknown, []);
});

/** Pages whose options are another program's, beside the commands. */
const OF_OTHERS: ReadonlySet<string> = new Set(['docs/performance.md']);

/** What begins the title of a table's column that has another program's options. */
const OTHER_COLUMN =
  /^(?:tcpdump|pycapa|kcat|rpcapd|rpcap|PCAP-over-IP|nc|dumpcap|sip-capture|heplify|captagent)/;

/** The lines of a page, without the columns of tables that are about other programs. */
function ownWords({ text }: Page): { readonly line: number; readonly text: string }[] {
  let titles: readonly string[] | undefined;
  return text.split('\n').map((text, index) => {
    if (!text.startsWith('|')) {
      titles = undefined;
      return { line: index + 1, text };
    }
    const cells = text.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim());
    titles ??= cells;
    const own = cells.filter((_, column) => !OTHER_COLUMN.test(titles?.[column] ?? ''));
    return { line: index + 1, text: own.join(' | ') };
  });
}

interface KcapCommand {
  readonly command: Command;
  readonly options: readonly string[];
}

/** The kcap commands in a line of text: up to where the shell begins another one, or the code ends. */
function kcapCommands(line: string): KcapCommand[] {
  return [...line.matchAll(/\bkcap((?: (?:'[^']*'|"[^"]*"|[^|`;&>()'"#]+))*)/g)].flatMap(
    ([, rest = '']) => {
      const words = rest.match(/'[^']*'|"[^"]*"|[^\s'"]+/g) ?? [];
      const named = COMMANDS.find(({ name }) => name !== '' && name === words[0]);
      const options = words.filter((word) => /^--?[A-Za-z]/.test(word));
      return [
        { command: named ?? BRIDGE, options: options.map((word) => word.replace(/=.*/, '')) },
      ];
    },
  );
}

/** Whether a command takes an option as it is written: long, short, short ones joined or with a value attached. */
function takes({ options }: Command, written: string): boolean {
  if (/^-(h|V)$|^--(help|version)$/.test(written)) return true;
  const shorts = new Set(
    Object.values(options).flatMap(({ alias }) => (typeof alias === 'string' ? [alias] : [])),
  );
  if (!written.startsWith('--')) {
    const letters = written.slice(1);
    return shorts.has(letters) || shorts.has(letters[0] ?? '');
  }
  const long = written.slice(2);
  const option = options[long] ?? options[long.replace(/^no-/, '')];
  return option !== undefined && (long in options || option.type === 'boolean');
}
