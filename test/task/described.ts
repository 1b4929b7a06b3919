import { documentOf } from '#kcap/documents/document.js';
import { checkTask } from '#kcap/task/description/read-task.js';
import type { TaskDescription } from '#kcap/task/description/task.js';
import type { WrittenTask } from '#kcap/task/tasks.js';

/** A task of capture-agent's short form, as it is sent. */
export function shortTask(id: string, more: Readonly<Record<string, unknown>> = {}) {
  return { id, interface: 'eth0', ...more };
}

export function read(document: unknown): Promise<TaskDescription> {
  return checkTask(documentOf('task', document));
}

/** What a document describes, and the document. */
export async function written(document: unknown): Promise<WrittenTask> {
  return { description: await read(document), document };
}
