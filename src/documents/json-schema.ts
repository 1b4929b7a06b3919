import { z } from 'zod';

/**
 * What may be written down, as a JSON Schema (2020-12) for editors. What only a check of the whole finds is not in it.
 *
 * @param facts what schema and editors show of the whole
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  facts: { readonly title: string; readonly description: string },
): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    ...{ io: 'input', target: 'draft-2020-12', unrepresentable: 'any' },
    override: ({ jsonSchema }) => {
      // Defaults of sections are their keys' defaults.
      if (isEmptyMapping(jsonSchema.default)) delete jsonSchema.default;
      // Only needed to name keys without effect.
      delete jsonSchema['usual'];
    },
  });
  return { $schema, ...facts, ...rest };
}

function isEmptyMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
