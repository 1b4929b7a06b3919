import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { type LogRecord, logRecords } from '../kcap-log.js';
import { hasEnded } from '../tied-process.js';
import { waitFor } from '../wait-for.js';
import { TRAFFIC, type Desk } from './world.js';

/** What a command has done that was typed and, where it does not end by itself, ended by Ctrl-C. */
export interface Typed {
  /** That of the shell, pipefail being set. */
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Those of each kcap in it. */
  readonly summaries: readonly LogRecord[];
}

const LIMIT_MS = 60_000;
/** More than the headers of a capture file. */
const SOME_BYTES = 400;

/** Types a command. One that has no end is ended as by Ctrl-C, once it does what it is for. */
export async function type(desk: Desk, command: string): Promise<Typed> {
  const writtenBefore = await desk.written();
  const child = desk.start(command);
  try {
    const output = new Output(child);
    const done = doneBy(command);
    const runs = countRuns(command);
    let receivedAtStart: number | undefined;
    await waitFor(
      async () => {
        if (hasEnded(child)) return true;
        if (endsByItself(command)) return false;
        if (output.started < runs) return false;
        switch (done) {
          case 'output':
            return output.stdout.length > 0;
          case 'files':
            return (await desk.written()) - writtenBefore >= SOME_BYTES;
          case 'capture':
            receivedAtStart ??= await desk.received();
            return (await desk.received()) - receivedAtStart > 2 * TRAFFIC.length;
        }
      },
      { limitMs: LIMIT_MS, what: `${command}, ${done}` },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output.stderr}`);
    });
    if (!hasEnded(child)) interrupt(child);
    await waitFor(() => output.complete, { limitMs: LIMIT_MS, what: `the end of ${command}` });
    return {
      status: child.exitCode,
      stdout: output.stdout,
      stderr: output.stderr,
      summaries: output.records.filter(({ event }) => event === 'summary'),
    };
  } finally {
    if (!hasEnded(child)) kill(child);
  }
}

/** A producer, a consumer or a sensor; `tshark -i kcap -o …` is none, nor is a folder of this name. */
const RUN = /(?<!-i |\/)\bkcap (?:-|sip\b)/g;
/** What runs until it is stopped, unless it is told to end; here a capture through extcap counts. */
const LASTING = /(?<!\/)\bkcap (?:-|broker\b|sip\b)/;

/** Whether each kcap in it has an end of its own, or a reader that leaves. */
function endsByItself(command: string): boolean {
  const ends = / (?:-e|--exit|-r [^-].*|--to .*|-m \d+|-a \S+)(?= |$)/;
  const commands = command.replace(/ #.*/, '').split('|');
  return (
    / head\b/.test(commands.at(-1) ?? '') ||
    commands.every((part) => !LASTING.test(part) || ends.test(part) || / -r -/.test(part))
  );
}

/** By what one sees that a command does what it is for. */
function doneBy(command: string): 'output' | 'files' | 'capture' {
  const last = command.split('|').at(-1) ?? '';
  if (/\bkcap sip\b.*--report kafka:/.test(last)) return 'capture';
  if (/\bkcap (?:-p|--producer)\b/.test(last) && !last.includes('--print')) return 'capture';
  return /(?: -w|[^<]>) ?[^ (&]/.test(last) ? 'files' : 'output';
}

/** How many producers and consumers there are in it; each says when it has started. */
function countRuns(command: string): number {
  return [...command.matchAll(RUN)].length;
}

function interrupt({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
}

function kill({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

class Output {
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #complete = false;

  constructor(child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    void once(child, 'close').then(() => (this.#complete = true));
  }

  /** Whether it has ended and said all. */
  get complete(): boolean {
    return this.#complete;
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  get records(): LogRecord[] {
    return logRecords(this.stderr);
  }

  get started(): number {
    return this.records.filter(({ event }) => event === 'started').length;
  }
}
