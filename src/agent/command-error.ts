/** JSON-RPC's codes, and one of our own. */
export const CODES = {
  noJson: -32700,
  noRequest: -32600,
  noSuchMethod: -32601,
  badParameters: -32602,
  /** Valid, but it can't be done. */
  notPossible: -32603,
  /** Not from this channel. */
  notAllowed: -32001,
} as const;

/** What a command is answered with in place of a result. */
export class CommandError extends Error {
  readonly code: number;
  /** What to do about it, where that is known. */
  readonly remedy: string | undefined;

  /** @param message the line that a person would see */
  constructor(code: number, message: string, remedy?: string) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
    this.remedy = remedy;
  }
}
