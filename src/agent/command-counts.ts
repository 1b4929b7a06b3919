/** What became of a command that came over a channel. */
export type CommandResult =
  | 'ok'
  /** Not possible: an error was the answer. */
  | 'error'
  /** Not allowed over this channel. */
  | 'refused'
  /** Too old, or from the future. */
  | 'stale'
  /** Answered as before, not done again. */
  | 'repeated'
  /** No command, or one of another version. */
  | 'rubbish'
  /** For other hosts. */
  | 'not_mine';

export interface CommandCount {
  readonly channel: string;
  /** Empty if it is unknown: others may write whatever they like. */
  readonly command: string;
  readonly result: CommandResult;
  readonly count: number;
}

/** How many commands came over each channel, and what became of them. */
export class CommandCounts {
  readonly #known: ReadonlySet<string>;
  readonly #counts = new Map<string, CommandCount>();

  /** @param known the commands that there are: no others are told apart */
  constructor(known: Iterable<string>) {
    this.#known = new Set(known);
  }

  add(channel: string, command: string, result: CommandResult, count = 1): void {
    const named = this.#known.has(command) ? command : '';
    const key = `${channel} ${named} ${result}`;
    const before = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { channel, command: named, result, count: before + count });
  }

  all(): Iterable<CommandCount> {
    return this.#counts.values();
  }
}
