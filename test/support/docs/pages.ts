import { readdir, readFile } from 'node:fs/promises';

import { repository } from '../repository.js';

/** A page that users read. */
export interface Page {
  /** From the repository's folder on: `docs/sizing.md`. */
  readonly name: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Block {
  /** What stands behind the fence: `sh` where these are commands. */
  readonly tag: string;
  /** Of the fence that opens it, counted from 1. */
  readonly line: number;
  readonly lines: readonly string[];
}

/** A command of a block tagged `sh`, as one would type it; continued lines are one command. */
export interface PageCommand {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

/** README.md and docs/*.md. */
export async function userPages(): Promise<Page[]> {
  const docs = (await readdir(`${repository}docs`)).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    ['README.md', ...docs.map((name) => `docs/${name}`)].map(async (name) => ({
      name,
      text: await readFile(`${repository}${name}`, 'utf8'),
    })),
  );
}

export function blocksOf({ name, text }: Page): Block[] {
  const blocks: { tag: string; line: number; lines: string[] }[] = [];
  let open: { tag: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^ *```(.*)$/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (open) open = undefined;
    else blocks.push((open = { tag: fence[1] ?? '', line: index + 1, lines: [] }));
  }
  if (open) throw new Error(`${name}:${open.line}: a block that does not end`);
  return blocks;
}

export function commandsOf(page: Page): PageCommand[] {
  return blocksOf(page)
    .filter(({ tag }) => tag === 'sh')
    .flatMap(({ line, lines }) => {
      const commands: PageCommand[] = [];
      let begun: string[] = [];
      for (const [index, text] of lines.entries()) {
        begun.push(text.replace(/\\$/, ''));
        if (text.endsWith('\\')) continue;
        const whole = begun.join('');
        const at = line + 2 + index - begun.length;
        if (!/^\s*(#|$)/.test(whole)) commands.push({ page: page.name, line: at, text: whole });
        begun = [];
      }
      return commands;
    });
}
