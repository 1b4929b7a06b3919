import { checkDocument, faultAt } from '../../documents/check-document.js';
import type { Document } from '../../documents/document.js';
import { readDocument, type ReadOptions } from '../../documents/read-document.js';
import { LanguageError } from '../../language/language-error.js';
import { compileSipFilter } from '../../language/sip-filter.js';
import { TASK, type TaskDescription } from './task.js';

/** Root keys of an agent's configuration: kcap's, and those of the names that capture-agent has had. */
export const AGENT_ROOTS = ['kcap', 'capture-agent', 'otus'] as const;

/**
 * A task in a file, YAML or JSON; `-` is standard input.
 *
 * @throws DocumentError with all that is wrong, and where
 */
export async function readTask(file: string, options: ReadOptions): Promise<TaskDescription> {
  return checkTask(await readDocument(file, options));
}

/** The same of a document that has been read, or of a value (`documentOf`). */
export async function checkTask(document: Document): Promise<TaskDescription> {
  const root = agentRootOf(document);
  if (root !== undefined)
    throw faultAt(document, [root], {
      ...{ part: 'key', cause: 'the configuration of an agent, not a task' },
      remedy: 'tasks have an id at the root',
    });
  const task = checkDocument(document, TASK);
  await checkFilters(document, task);
  return task;
}

/** The root key, where a document is an agent's configuration. */
export function agentRootOf({ value }: Document): string | undefined {
  return AGENT_ROOTS.find(
    (root) => typeof value === 'object' && value !== null && Object.hasOwn(value, root),
  );
}

async function checkFilters(document: Document, task: TaskDescription): Promise<void> {
  for (const processor of task.processors) {
    if (!('sip' in processor)) continue;
    for (const filter of processor.sip)
      try {
        await compileSipFilter(filter);
      } catch (error) {
        if (!(error instanceof LanguageError)) throw error;
        throw faultAt(document, pathOfFilter(document, filter), {
          cause: `line ${error.line}, column ${error.column} of the filter: ${error.message}`,
          remedy: error.marked,
        });
      }
  }
}

/** Processors of capture-agent's may be several of kcap's: the text says which it is. */
function pathOfFilter({ value }: Document, filter: string): (string | number)[] {
  const processors = (value as { readonly processors?: readonly unknown[] }).processors ?? [];
  for (const [index, processor] of processors.entries()) {
    const { config } = processor as { readonly config?: { readonly sip?: unknown } };
    if (config?.sip === filter) return ['processors', index, 'config', 'sip'];
    if (Array.isArray(config?.sip) && config.sip.includes(filter))
      return ['processors', index, 'config', 'sip', config.sip.indexOf(filter)];
  }
  return ['processors'];
}
