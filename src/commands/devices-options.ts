import type { OptionTable } from './command.js';

export const DEVICES_OPTIONS = {
  json: { type: 'boolean', describe: 'print JSON, for programs' },
} satisfies OptionTable;
