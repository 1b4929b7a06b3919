import assert from 'node:assert/strict';
import { test } from 'node:test';

import { blocksOf, commandsOf, userPages, type PageCommand } from '../support/docs/pages.js';
import { type } from '../support/docs/typed.js';
import { docsWorld } from '../support/docs/world.js';
import { noVeth } from '../support/veth.js';

/** Commands that are not run here, and why. What options kcap has in them is held by options.test.ts all the same. */
const NOT_RUN: readonly [command: RegExp, reason: string][] = [
  [/(?:^| )npm /, 'sets this machine up or builds the package: package.test.ts and CI do'],
  [/^sudo (?:install|setcap) /, 'gives a program of this machine capabilities'],
  [/^kafka-acls\.sh /, 'needs a cluster with an authorizer: secured-refusals.test.ts has one'],
];

const pages = await userPages();

test('every block of the pages says what it is', () => {
  const untagged = pages.flatMap((page) =>
    blocksOf(page)
      .filter(({ tag }) => !/^[a-z]+$/.test(tag))
      .map(({ line }) => `${page.name}:${line}`),
  );
  assert.deepEqual(untagged, [], 'tag commands with sh, anything else with text or its format');
});

test('every reason not to run a command has a command', () => {
  const commands = pages.flatMap(commandsOf);
  for (const [pattern] of NOT_RUN)
    assert.ok(
      commands.some(({ text }) => pattern.test(text)),
      `${String(pattern)} matches none`,
    );
});

/** So many pages are gone through at once; the commands of one come in turn, as a reader types them. */
const READERS = 4;
const ALL_READERS = { skip: noVeth, concurrency: true };

test('commands of the pages do what they are for', ALL_READERS, async (t) => {
  const world = await docsWorld(t);
  const waiting = pages
    .map((page) => commandsOf(page).filter(({ text }) => !isNotRun(text)))
    .filter((commands) => commands.length > 0)
    .sort((a, b) => b.length - a.length);
  const read = async (): Promise<void> => {
    for (let page = waiting.shift(); page; page = waiting.shift()) {
      const desk = await world.desk();
      for (const command of page)
        await t.test(nameOf(command), async () => {
          check(command.text, await type(desk, command.text));
        });
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
});

function isNotRun(text: string): boolean {
  return NOT_RUN.some(([pattern]) => pattern.test(text));
}

function nameOf({ page, line, text }: PageCommand): string {
  return `${page}:${line}: ${text}`;
}

/** Of one kcap that reads another's output nobody sees from outside when the first packet has come through. */
const CHAINED = /\bkcap -c .*\| .*\bkcap -p .* -r -/;

/** Status 0, packets through each kcap, and no line that a user should not see. */
function check(
  command: string,
  { status, stderr, summaries }: Awaited<ReturnType<typeof type>>,
): void {
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /^ {4}at /m, 'a stack trace');
  if (CHAINED.test(command)) return;
  for (const summary of summaries)
    assert.ok(Number(summary['packets_out']) > 0, `no packet went out:\n${stderr}`);
}
