import type { OptionTable } from './command.js';

export const VALIDATE_OPTIONS = {
  file: {
    alias: 'f',
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    array: true,
    describe: 'a task or a configuration, - for standard input; repeatable, and others may follow',
    default: [],
  },
} satisfies OptionTable;
