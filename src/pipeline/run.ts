import type { Reach } from '../packet/reach.js';
import type { Account } from './account.js';
import type { Closable } from './scope.js';
import type { Stop } from './stop.js';

/** Packets on their way from a source to their ends, as those see them who watch over them. */
export interface Run extends Closable {
  /** Moves packets until there are no more, or a stop is requested. Throws what failed first. */
  run(stop: Stop): Promise<void>;
  readonly durationMs: number;
  account(): Account;
  /** How far its source has come. */
  reach(): Reach;
  close(): Promise<void>;
}
