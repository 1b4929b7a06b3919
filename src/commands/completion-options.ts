import type { OptionTable, WordsTaken } from './command.js';

/** The shells that kcap can complete command lines for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const COMPLETION_WORDS = { most: Infinity, oneOf: SHELLS } as const satisfies WordsTaken;

export const COMPLETION_OPTIONS = {
  candidates: {
    type: 'boolean',
    describe: 'list what the last of the WORDs after -- could become (the scripts ask this)',
  },
} satisfies OptionTable;
