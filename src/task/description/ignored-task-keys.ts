import type { Document } from '../../documents/document.js';
import { ignoredKey, ignoredKeys, type IgnoredKey } from '../../documents/ignored-keys.js';
import { TASK } from './task.js';

type Mapping = Readonly<Record<string, unknown>>;

/** The keys of a task, which must be a valid one, that change nothing: by themselves, or beside what else it says. */
export function ignoredTaskKeys(document: Document): IgnoredKey[] {
  const task = document.value as Mapping;
  return [
    ...ignoredKeys(document, TASK),
    ...withoutParsers(document, task),
    ...((task['reporters'] ?? []) as readonly Mapping[]).flatMap((reporter, index) =>
      withoutFallback(document, reporter, index),
    ),
  ];
}

function withoutParsers(document: Document, { parsers, decoder }: Mapping): IgnoredKey[] {
  if (Array.isArray(parsers) && parsers.length > 0) return [];
  return isSet(decoder)
    ? [ignoredKey(document, ['decoder'], 'without parsers nothing is taken apart')]
    : [];
}

function withoutFallback(document: Document, reporter: Mapping, index: number): IgnoredKey[] {
  const { name, fallback, config } = reporter;
  const spools = fallback === 'spool';
  const at = (...path: string[]) => ['reporters', index, ...path];
  const ignored: IgnoredKey[] = [];
  for (const key of ['send_timeout', 'max_retries'])
    if (isSet(reporter[key]) && (!isSet(fallback) || (spools && name === 'frames')))
      ignored.push(
        ignoredKey(
          document,
          at(key),
          spools ? 'the spool of packets begins where brokers are away' : 'there is no fallback',
        ),
      );
  if (name === 'frames' && !spools && isSet((config as Mapping | undefined)?.['spool_size']))
    ignored.push(ignoredKey(document, at('config', 'spool_size'), 'there is no fallback: spool'));
  return ignored;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}
