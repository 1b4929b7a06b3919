import type { CommandCounts } from './command-counts.js';
import { CODES, CommandError } from './command-error.js';
import {
  answerText,
  parseCommandMessage,
  untimely,
  type Answer,
  type CommandMessage,
} from './command-message.js';
import type { RequestMemory } from './request-memory.js';

/** An answer that the response topic would refuse: messages are at most 1 MB there unless it is told otherwise. */
const MAX_ANSWER_BYTES = 900_000;

/** Does what a command asks. */
export interface CommandHandler {
  /** The result; throws a CommandError where there is none. Counts the command. */
  answer(method: string, params: unknown): Promise<unknown>;
  /** Whether it changes something, and must not be done again. */
  changes(method: string): boolean;
}

export interface CommandTopicOptions {
  /** This host's name. */
  readonly host: string;
  /** How long commands are valid. */
  readonly ttlMs: number;
}

/** Does what the messages of a command topic ask of this host, and answers them. Knows nothing of Kafka. */
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
    if (untimeliness !== undefined) {
      this.#counts.add('kafka', command, 'stale');
      return this.#refusal(message, CODES.noRequest, untimeliness);
    }
    this.#requests.begin(requestId, nowMs, this.#handler.changes(command));
    const answer = await this.#do(message);
    this.#requests.answered(requestId, answer);
    return answer;
  }

  #again(message: CommandMessage, before: NonNullable<ReturnType<RequestMemory['find']>>): string {
    this.#counts.add('kafka', message.command, 'repeated');
    switch (before.kind) {
      case 'answered':
        return before.answer;
      case 'broken-off':
        return this.#refusal(
          message,
          CODES.notPossible,
          'the agent ended while it did this: task_status says what came of it',
        );
      case 'answer-forgotten':
        return this.#refusal(
          message,
          CODES.notPossible,
          'this was done and answered before; the answer is no longer known',
        );
    }
  }

  async #do(message: CommandMessage): Promise<string> {
    const text = this.#text(message, await this.#outcome(message));
    if (Buffer.byteLength(text) <= MAX_ANSWER_BYTES) return text;
    return this.#refusal(
      message,
      CODES.notPossible,
      `the answer is too large for a message: ${text.length} bytes; ask for a single task`,
    );
  }

  async #outcome({ command, payload }: CommandMessage): Promise<Answer['outcome']> {
    try {
      return { result: await this.#handler.answer(command, payload) };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { error: { code: error.code, message: error.message } };
    }
  }

  #refusal(message: CommandMessage, code: number, why: string): string {
    return this.#text(message, { error: { code, message: why } });
  }

  #text({ command, requestId }: CommandMessage, outcome: Answer['outcome']): string {
    return answerText(this.#options.host, { command, requestId, outcome });
  }
}
