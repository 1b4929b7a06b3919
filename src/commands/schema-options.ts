import type { OptionTable } from './command.js';

/** What has a schema. */
export const SCHEMAS = ['task', 'agent'] as const;

export type SchemaName = (typeof SCHEMAS)[number];

export const SCHEMA_OPTIONS = {} satisfies OptionTable;
