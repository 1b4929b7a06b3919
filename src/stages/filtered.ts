import type { Cause } from '../errors/cause.js';
import { difference, type Count, type Tally } from '../pipeline/account.js';

const FILTERED: Cause = { id: 'filtered', fate: 'filtered', loss: false, text: 'filtered out' };

/** Counts what a stage lets pass of the packets that it took, and that it left out the others on purpose. */
export function countFiltered(tally: Tally, taken: Count, passed: Count): void {
  tally.take(taken);
  tally.pass(passed);
  tally.settle(FILTERED, difference(taken, passed));
}
