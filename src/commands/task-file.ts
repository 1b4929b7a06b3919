import { readDocument } from '../documents/read-document.js';
import { fittedValue } from '../documents/check-document.js';
import { TASK } from '../task/description/task.js';
import { checkTask } from '../task/description/read-task.js';

/** The task in a file, as it is to be sent to an agent; throws a usage error that says where it is wrong. */
export async function readTaskDocument(file: string): Promise<unknown> {
  const document = await readDocument(file, { environment: process.env });
  await checkTask(document);
  return fittedValue(document, TASK);
}
