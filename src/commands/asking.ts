import { askAgent, type AskOptions } from '../agent/socket-client.js';
import { printableInLine } from '../terminal/printable.js';
import { print } from '../terminal/standard-output.js';
import type { Arguments } from './command.js';
import type { ASKING_OPTIONS } from './agent-options.js';

const DEFAULT_SOCKET = '/run/kcap/agent.sock';

type Asking = Pick<Arguments<typeof ASKING_OPTIONS>, 'socket' | 'json'>;

/** An answer: an object as commands have it. */
export type Answer = Readonly<Record<string, unknown>>;

/** Where the agent listens: as --socket has it, or the environment. */
export function socketPath(given: string | undefined): string {
  const from = process.env['KCAP_SOCKET'] ?? '';
  return given ?? (from === '' ? DEFAULT_SOCKET : from);
}

/** Asks the agent, prints its answer as it came, or as `show` has it for people, and gives it. */
export async function ask(
  { socket, json }: Asking,
  method: string,
  params: Answer,
  show: (answer: Answer) => string,
  options: AskOptions = {},
): Promise<Answer> {
  const answer = (await askAgent(socketPath(socket), method, params, options)) as Answer;
  await print(json === true ? `${JSON.stringify(answer, null, 2)}\n` : show(answer));
  return answer;
}

/** Somebody else's text as a terminal may show it, as part of a line. */
export function shown(value: unknown): string {
  return printableInLine(typeof value === 'string' ? value : JSON.stringify(value));
}
