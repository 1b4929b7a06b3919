import { z } from 'zod';
import { AGENT } from '../agent/configuration/configuration.js';
import { jsonSchemaOf } from '../documents/json-schema.js';
import { usageError } from '../errors/user-error.js';
import { TASK } from '../task/description/task.js';
import { print } from '../terminal/standard-output.js';
import type { Runner } from './command.js';
import { SCHEMAS, type SCHEMA_OPTIONS, type SchemaName } from './schema-options.js';

/** `kcap schema`: the JSON Schema of what may stand in a task, or in the configuration of an agent. */
export const schema: Runner<typeof SCHEMA_OPTIONS> = async (_, __, [word]) => {
  const name = SCHEMAS.find((known) => known === word);
  if (name === undefined)
    throw usageError(
      word ?? 'schema',
      word === undefined ? 'of what?' : 'it has no schema',
      `use one of: ${SCHEMAS.join(', ')}`,
    );
  await print(`${JSON.stringify(schemaOf(name), null, 2)}\n`);
  return 0;
};

export function schemaOf(name: SchemaName): object {
  return name === 'task'
    ? jsonSchemaOf(TASK, {
        title: 'A task of kcap',
        description: 'What an agent captures, and where it goes',
      })
    : jsonSchemaOf(z.strictObject({ kcap: AGENT }), {
        title: 'The configuration of kcap agent',
        description: 'All keys have defaults',
      });
}
