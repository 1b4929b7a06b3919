import type { CommandCounts, CommandResult } from './command-counts.js';
import {
  answerText,
  parseCommandMessage,
  untimely,
  type Answer,
  type CommandMessage,
} from './command-message.js';
import type { RequestMemory } from './request-memory.js';

/** JSON-RPC's codes, as capture-agent uses them. */
const INVALID_REQUEST = -32600;
const NOT_POSSIBLE = -32603;
const NOT_ALLOWED = -32001;

/** An answer that the response topic would refuse: messages are at most 1 MB there unless it is told otherwise. */
const MAX_ANSWER_BYTES = 900_000;

/** Does what a command asks. */
export interface CommandHandler {
  /** The result; throws what has a `code` and a message for the sender. */
  answer(method: string, params: unknown): Promise<unknown>;
  /** Whether the command changes nothing, so that it does no harm if it is done again. */
  onlyReads(method: string): boolean;
}

export interface CommandTopicOptions {
  /** This host's name. */
  readonly host: string;
  /** How long commands are valid. */
  readonly ttlMs: number;
  /** Undefined: all. */
  readonly allow: ReadonlySet<string> | undefined;
}

/** What the messages of a command topic make this host do, and answer. Knows nothing of Kafka. */
export class CommandTopic {
  readonly #options: CommandTopicOptions;
  readonly #handler: CommandHandler;
  readonly #requests: RequestMemory;
  readonly #counts: CommandCounts;

  constructor(
    options: CommandTopicOptions,
    parts: {
      readonly handler: CommandHandler;
      readonly requests: RequestMemory;
      readonly counts: CommandCounts;
    },
  ) {
    this.#options = options;
    this.#handler = parts.handler;
    this.#requests = parts.requests;
    this.#counts = parts.counts;
  }

  /**
   * Does what a message asks. The answer to send; undefined where there is none to give.
   *
   * @param sentAtMs Kafka's time of the message, which counts where the command says none
   */
  async take(
    value: Buffer,
    { sentAtMs, nowMs }: { readonly sentAtMs: number; readonly nowMs: number },
  ): Promise<string | undefined> {
    const message = parseCommandMessage(value);
    if (typeof message === 'string') {
      this.#counts.add('kafka', '', 'rubbish');
      return undefined;
    }
    const { target, command, requestId } = message;
    if (target !== '*' && target !== this.#options.host) {
      this.#counts.add('kafka', command, 'not_mine');
      return undefined;
    }
    const before = this.#requests.find(requestId, nowMs);
    if (before) return this.#again(message, before);
    const untimeliness = untimely(message.issuedAtMs ?? sentAtMs, { ...this.#options, nowMs });
    if (untimeliness !== undefined)
      return this.#refuse(message, 'stale', { code: INVALID_REQUEST, message: untimeliness });
    if (this.#options.allow?.has(command) === false)
      return this.#refuse(message, 'refused', {
        code: NOT_ALLOWED,
        message: `${command} is not allowed over Kafka here (command_channel.allow)`,
      });
    this.#requests.begin(requestId, nowMs, !this.#handler.onlyReads(command));
    const answer = await this.#do(message);
    this.#requests.answered(requestId, answer);
    return answer;
  }

  #again(message: CommandMessage, before: NonNullable<ReturnType<RequestMemory['find']>>): string {
    const { command } = message;
    if (before.kind === 'answered') {
      this.#counts.add('kafka', command, 'repeated');
      return before.answer;
    }
    const why =
      before.kind === 'broken-off'
        ? 'the agent ended while it did this: task_status says what came of it'
        : 'this was done and answered before; the answer is no longer known';
    return this.#refuse(message, 'repeated', { code: NOT_POSSIBLE, message: why });
  }

  async #do(message: CommandMessage): Promise<string> {
    const { command, payload } = message;
    const outcome = await this.#outcome(command, payload);
    const result = 'result' in outcome ? 'ok' : 'error';
    const text = this.#text(message, outcome);
    if (Buffer.byteLength(text) <= MAX_ANSWER_BYTES) {
      this.#counts.add('kafka', command, result);
      return text;
    }
    return this.#refuse(message, result, {
      code: NOT_POSSIBLE,
      message: `the answer is too large for a message: ${text.length} bytes; ask for a single task`,
    });
  }

  async #outcome(command: string, payload: unknown): Promise<Answer['outcome']> {
    try {
      return { result: await this.#handler.answer(command, payload) };
    } catch (error) {
      if (!isCommandError(error)) throw error;
      return { error: { code: error.code, message: error.message } };
    }
  }

  #refuse(
    message: CommandMessage,
    result: CommandResult,
    error: { readonly code: number; readonly message: string },
  ): string {
    this.#counts.add('kafka', message.command, result);
    return this.#text(message, { error });
  }

  #text({ command, requestId }: CommandMessage, outcome: Answer['outcome']): string {
    return answerText(this.#options.host, { command, requestId, outcome });
  }
}

function isCommandError(error: unknown): error is Error & { readonly code: number } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}
