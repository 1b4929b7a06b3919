import type { OptionTable } from './command.js';

export const AGENT_OPTIONS = {
  config: {
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    required: true,
    describe: "the agent's configuration: YAML or JSON, or pcapdaemon's TOML",
  },
} as const satisfies OptionTable;

/** Of the commands that ask a running agent. */
export const ASKING_OPTIONS = {
  socket: {
    type: 'string',
    value: 'PATH',
    suggests: 'file',
    describe: "the agent's socket (default: $KCAP_SOCKET, or /run/kcap/agent.sock)",
  },
  json: { type: 'boolean', describe: 'print the answer unchanged, as JSON' },
} as const satisfies OptionTable;

/** What can be done with tasks. */
export const TASK_VERBS = [
  'create',
  'update',
  'list',
  'status',
  'stop',
  'start',
  'filter',
  'delete',
  'capture',
] as const;

export type TaskVerb = (typeof TASK_VERBS)[number];

export const TASK_OPTIONS = {
  file: {
    alias: 'f',
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    describe:
      'the task to create or update, or the message of a capture: YAML or JSON; - for standard input',
  },
  ...ASKING_OPTIONS,
} as const satisfies OptionTable;
