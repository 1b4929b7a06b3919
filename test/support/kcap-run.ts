import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

import { type LogRecord, type Summary, logRecords, summaryOf } from './kcap-log.js';
import { hasEnded } from './tied-process.js';
import { PATIENCE } from './time-limits.js';
import { waitFor } from './wait-for.js';

export interface KcapExit {
  /** The exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From its start to its end, Node's own start included. */
  readonly durationMs: number;
}

/** A kcap that is running or has run, and all that it has said. */
export class KcapRun {
  /** Comes when the process has ended and its output is complete; fails when it takes too long. */
  readonly exit: Promise<KcapExit>;

  readonly #child: ChildProcess;
  readonly #command: string;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];

  constructor(
    child: ChildProcess,
    options: { readonly command: string; readonly collect: boolean; readonly limitMs: number },
  ) {
    this.#child = child;
    this.#command = options.command;
    const outputs = [this.#collect(child.stderr, this.#stderr)];
    if (options.collect) outputs.push(this.#collect(child.stdout, this.#stdout));
    // A kcap that ends without reading its input is something to assert on, not an error of the test's.
    child.stdin?.on('error', () => undefined);
    this.exit = this.#untilExit(outputs, PATIENCE * options.limitMs);
    // Whoever needs it awaits it; a test that does not must not end by an unhandled rejection.
    this.exit.catch(() => undefined);
  }

  get pid(): number {
    return existing(this.#child.pid, 'a process');
  }

  /** With `stdin: 'open'`. */
  get stdin(): Writable {
    return existing(this.#child.stdin, 'an open standard input');
  }

  /** With `stdout: 'open'`: unread until the test reads it. */
  get stdoutStream(): Readable {
    return existing(this.#child.stdout, 'an open standard output');
  }

  /** What it has written to standard output so far. */
  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  /** What it has written to standard error so far. */
  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  /** The records of its log so far. */
  get records(): LogRecord[] {
    return logRecords(this.stderr);
  }

  /** The summary that ends each run. */
  summary(): Summary {
    return summaryOf(this.records) ?? this.#fail('said no summary');
  }

  /** Waits until it captures or reads, which it says by a record whose event is `started`. */
  started(limitMs?: number): Promise<LogRecord> {
    return this.waitForLog(({ event }) => event === 'started', limitMs);
  }

  /** Waits for a log record that fulfils a condition, or for text on standard error. */
  waitForLog(wanted: (record: LogRecord) => boolean, limitMs?: number): Promise<LogRecord>;
  waitForLog(wanted: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  async waitForLog(
    wanted: RegExp | ((record: LogRecord) => boolean),
    limitMs = 30_000,
  ): Promise<LogRecord | RegExpExecArray> {
    const said = () =>
      wanted instanceof RegExp ? wanted.exec(this.stderr) : this.records.find(wanted);
    const found = await waitFor(
      // Asked in this order: its last words may be what is waited for.
      () => said() ?? (this.#hasSaidAll() ? 'nothing' : undefined),
      { limitMs, what: String(wanted) },
    ).catch((error: unknown) => this.#fail(String(error)));
    return found === 'nothing' ? this.#fail(`ended without saying ${String(wanted)}`) : found;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kills it where it still runs, and returns when it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    // Unread output would keep the pipes open for ever.
    this.#child.stdout?.destroy();
    await this.exit.catch(() => undefined);
  }

  #hasSaidAll(): boolean {
    return hasEnded(this.#child) && this.#child.stderr?.readableEnded !== false;
  }

  async #collect(stream: Readable | null, into: Buffer[]): Promise<void> {
    if (!stream) return;
    stream.on('data', (chunk: Buffer) => into.push(chunk));
    await once(stream, 'close');
  }

  async #untilExit(outputs: readonly Promise<void>[], limitMs: number): Promise<KcapExit> {
    const start = performance.now();
    const limit = AbortSignal.timeout(limitMs);
    limit.addEventListener('abort', () => this.#child.kill('SIGKILL'));
    const [status, signal] = (await once(this.#child, 'exit')) as [
      number | null,
      NodeJS.Signals | null,
    ];
    const durationMs = performance.now() - start;
    const late = limit.aborted;
    await Promise.all(outputs);
    if (late) this.#fail(`was still there after ${limitMs} ms and was killed`);
    return { status, signal, durationMs };
  }

  #fail(what: string): never {
    throw new Error(`${this.#command}: ${what}. Its standard error:\n${this.stderr}`);
  }
}

function existing<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`This run has not got ${what}`);
  return value;
}
