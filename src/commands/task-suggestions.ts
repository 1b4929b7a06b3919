import { askAgent } from '../agent/socket-client.js';
import { UserError } from '../errors/user-error.js';
import { TASK_OPTIONS } from './agent-options.js';
import { plainWords } from './argv.js';
import { shown, socketPath } from './asking.js';
import type { Candidate } from './candidates.js';

/** Nobody waits longer at a TAB key. */
const LIMIT_MS = 1000;

/** The tasks of the agent that a command line names, with their states; none where no agent answers soon. */
export async function taskSuggestions(words: readonly string[]): Promise<readonly Candidate[]> {
  const socket = plainWords(words, TASK_OPTIONS)
    .flatMap((word) => (word.startsWith('--socket=') ? [word.slice('--socket='.length)] : []))
    .at(-1);
  try {
    const giveUp = AbortSignal.timeout(LIMIT_MS);
    const answer = await askAgent(socketPath(socket), 'task_status', {}, { giveUp });
    const { tasks } = answer as { readonly tasks: Readonly<Record<string, unknown>> };
    return Object.entries(tasks).map(([id, state]) => ({ text: id, describe: shown(state) }));
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
