/** kcap's exit statuses, as in CLI documentation: 1 something failed or was lost, 2 wrong usage. */
export type ExitStatus = 0 | 1 | 2;

/**
 * Why trouble may pass without anybody changing what was asked for. `away`: nobody can be reached there, and a client
 * that keeps trying finds them once they are back. `later`: anything else, such as a leader that is being elected.
 */
export type Passing = 'away' | 'later';

/**
 * What a user, a file or the network did, as opposed to a bug of kcap's. It is shown as
 * `kcap: WHAT: CAUSE` and, where there is one, the remedy on the next line.
 */
export class UserError extends Error {
  readonly remedy: string | undefined;
  readonly exitStatus: ExitStatus;
  /** Undefined if it won't pass. */
  readonly passes: Passing | undefined;

  constructor(
    what: string,
    cause: string,
    options: {
      remedy?: string | undefined;
      exitStatus?: ExitStatus;
      passes?: Passing | undefined;
    } = {},
  ) {
    super(`${what}: ${cause}`);
    this.name = 'UserError';
    this.remedy = options.remedy;
    this.exitStatus = options.exitStatus ?? 1;
    this.passes = options.passes;
  }
}

/** A mistake on the command line. */
export function usageError(what: string, cause: string, remedy?: string): UserError {
  return new UserError(what, cause, { remedy, exitStatus: 2 });
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's or a library's code of an error, for example ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
