import {
  checkConfiguration,
  ignoredConfigurationKeys,
  isConfiguration,
} from '../agent/configuration/read-configuration.js';
import { DocumentError } from '../documents/document-error.js';
import type { IgnoredKey } from '../documents/ignored-keys.js';
import { readDocument } from '../documents/read-document.js';
import { usageError, UserError } from '../errors/user-error.js';
import { ignoredTaskKeys } from '../task/description/ignored-task-keys.js';
import { checkTask } from '../task/description/read-task.js';
import { readPlanFile } from '../task/plan-file.js';
import { showError } from '../terminal/logging.js';
import { print } from '../terminal/standard-output.js';
import type { Runner } from './command.js';
import type { VALIDATE_OPTIONS } from './validate-options.js';

/** `kcap validate`: whether files are tasks or configurations of an agent, and all that is wrong with the others. */
export const validate: Runner<typeof VALIDATE_OPTIONS> = async ({ file }, _, words) => {
  const files = [...file, ...words];
  if (files.length === 0)
    throw usageError('file', 'none given', 'name one with -f, for example -f task.yaml');
  let isFaultless = true;
  for (const name of files)
    try {
      await print(`${name === '-' ? 'standard input' : name}: ${await whatItIs(name)}\n`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      isFaultless = false;
      const each = error instanceof DocumentError ? error.each : [error];
      for (const fault of each) showError(fault);
    }
  return isFaultless ? 0 : 2;
};

async function whatItIs(file: string): Promise<string> {
  const options = { environment: process.env };
  const document = await readDocument(file, options);
  if (isConfiguration(document)) {
    checkConfiguration(document, options);
    sayIgnored(ignoredConfigurationKeys(document, options));
    return 'the configuration of an agent';
  }
  const { id, processors } = await checkTask(document);
  for (const processor of processors)
    if (processor.name === 'plan') await readPlanFile(processor.file);
  sayIgnored(ignoredTaskKeys(document));
  return `task ${id}`;
}

function sayIgnored(keys: readonly IgnoredKey[]): void {
  for (const { where, why } of keys) showError(new UserError(where, why));
}
