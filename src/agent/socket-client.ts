import { connect } from 'node:net';
import { systemCause } from '../errors/system-error.js';
import { codeOf, UserError } from '../errors/user-error.js';
import { CODES } from './command-error.js';

export interface AskOptions {
  /** Whether to wait until the agent is gone: it then closes the connection. */
  readonly waitsForEnd?: boolean;
  /** Ends the wait for an answer. */
  readonly giveUp?: AbortSignal;
}

/** Asks the agent that listens on a socket; its result. Throws a UserError where none answers, or it refuses. */
export async function askAgent(
  socketPath: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  { waitsForEnd = false, giveUp }: AskOptions = {},
): Promise<unknown> {
  const socket = connect({ path: socketPath, signal: giveUp }).setEncoding('utf8');
  socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`);
  let answer = '';
  try {
    for await (const text of socket as AsyncIterable<string>) {
      answer += text;
      const [line = '', ...after] = answer.split('\n');
      // To end the loop is to close the connection.
      if (after.length > 0 && !(waitsForEnd && isResult(line))) break;
    }
  } catch (error) {
    // That it breaks may be the end that was waited for.
    if (!isResult(answer)) throw noAgent(socketPath, error);
  }
  return resultIn(answer, socketPath);
}

function isResult(line: string): boolean {
  return /^\{"jsonrpc":"2.0","id":1,"result":/.test(line);
}

function resultIn(answer: string, socketPath: string): unknown {
  let fields: Readonly<Record<string, unknown>>;
  try {
    const value: unknown = JSON.parse(answer);
    if (typeof value !== 'object' || value === null) throw new Error('no object');
    fields = value as typeof fields;
  } catch {
    throw new UserError(
      `agent at ${socketPath}`,
      answer === '' ? 'it ended without an answer' : 'its answer makes no sense',
      { remedy: "see its log; 'kcap status' says whether it runs" },
    );
  }
  if ('error' in fields) throw refusal(fields['error'], socketPath);
  return fields['result'];
}

interface ErrorFields {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly data?: { readonly remedy?: unknown } | null;
}

function refusal(error: unknown, socketPath: string): UserError {
  const { code, message, data } = (error ?? {}) as ErrorFields;
  const remedy = data?.remedy;
  return new UserError(
    `agent at ${socketPath}`,
    typeof message === 'string' ? message : 'refused without a cause',
    {
      remedy: typeof remedy === 'string' ? remedy : undefined,
      exitStatus: code === CODES.badParameters ? 2 : 1,
    },
  );
}

function noAgent(socketPath: string, error: unknown): UserError {
  const what = `agent at ${socketPath}`;
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new UserError(what, 'no agent is listening there', {
        remedy: "start one ('kcap agent --config FILE'), or name its socket: --socket PATH",
      });
    case 'EACCES':
      return new UserError(what, 'this user may not give it commands', {
        remedy: 'ask as its user (sudo), or as a member of the group that its control.group names',
      });
    default:
      return new UserError(what, systemCause(error));
  }
}
