import { once } from 'node:events';
import type { Socket } from 'node:net';
import { CODES, CommandError } from './command-error.js';
import type { Commands } from './commands.js';
import { giveWay } from './give-way.js';
import { errorLine, NoRequest, parseRequest, resultLine, type Request } from './json-rpc.js';
import { Lines, LineTooLong } from './lines.js';

/** The longest line. */
const LINE_BYTES = 1024 * 1024;

/** Answers the requests of one connection, in order. */
export class SocketConnection {
  readonly #socket: Socket;
  readonly #commands: Commands;
  readonly #lines = new Lines(LINE_BYTES);
  #idleSinceMs = performance.now();
  #isBusy = false;

  constructor(socket: Socket, commands: Commands) {
    this.#socket = socket;
    this.#commands = commands;
  }

  /** Since when, in ms of performance.now(), it has asked for nothing; undefined while a command of its is under way. */
  get idleSinceMs(): number | undefined {
    return this.#isBusy ? undefined : this.#idleSinceMs;
  }

  /** Answers until the other side has had enough. Resolves however it ends. */
  async serve(): Promise<void> {
    try {
      // More is read only once what was read is answered: a client that sends more waits.
      for await (const chunk of this.#socket.iterator({ destroyOnReturn: false }))
        await this.#answerAll(chunk as Buffer);
      // As with the last line of a file, its end may be missing.
      const rest = this.#lines.rest();
      if (rest.length > 0) await this.#answer(rest);
    } catch (error) {
      // Other than that, the connection is broken: nobody is left to tell.
      if (error instanceof LineTooLong) this.#socket.write(errorLine(null, TOO_LONG));
    } finally {
      this.close();
    }
  }

  /** Closes it behind the answers that are on their way. */
  close(): void {
    this.#socket.destroySoon();
  }

  /** Closes it now, whatever is on its way. */
  drop(): void {
    this.#socket.destroy();
  }

  async #answerAll(chunk: Buffer): Promise<void> {
    for (const line of this.#lines.take(chunk)) {
      await giveWay();
      await this.#answer(line);
    }
  }

  async #answer(line: Buffer): Promise<void> {
    // A line without anything, such as a terminal's, asks for nothing.
    if (line.every((byte) => byte === SPACE || byte === RETURN)) return;
    this.#isBusy = true;
    try {
      const answer = await this.#answerTo(line);
      if (answer !== undefined && !this.#socket.write(answer)) await this.#untilTaken();
    } finally {
      this.#isBusy = false;
      this.#idleSinceMs = performance.now();
    }
  }

  /** Waits for a reader that is slow; to take no answers is to be idle. */
  async #untilTaken(): Promise<void> {
    this.#isBusy = false;
    this.#idleSinceMs = performance.now();
    const over = new AbortController();
    const { signal } = over;
    try {
      await Promise.race([
        once(this.#socket, 'drain', { signal }),
        once(this.#socket, 'close', { signal }).then(() => {
          throw new Error('closed');
        }),
      ]);
    } finally {
      over.abort();
    }
  }

  async #answerTo(line: Buffer): Promise<string | undefined> {
    let request: Request;
    try {
      request = parseRequest(line);
    } catch (error) {
      if (!(error instanceof NoRequest)) throw error;
      this.#commands.counts.add('socket', '', 'rubbish');
      return errorLine(error.id, error);
    }
    const { id, method, params } = request;
    try {
      const result = await this.#commands.answer(method, params, { channel: 'socket' });
      return id === undefined ? undefined : resultLine(id, result);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return id === undefined ? undefined : errorLine(id, error);
    }
  }
}

const [SPACE, RETURN] = [0x20, 0x0d];
const TOO_LONG = new CommandError(CODES.noRequest, `a line has at most ${LINE_BYTES} bytes`);
