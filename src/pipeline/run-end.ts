import type { Cause } from '../errors/cause.js';
import type { Closable } from './scope.js';
import type { Stop } from './stop.js';

/** Of packets whose fate nobody can know any more. */
export const UNHEARD: Cause = {
  id: 'unheard',
  fate: 'failed',
  loss: true,
  text: 'nothing was heard of them before the end',
};

/** Long enough for a group to be left and offsets to be committed. */
const CLOSE_LIMIT_MS = 5000;
/** Once the drain timeout is over, nobody waits for more than that. */
const LATE_CLOSE_LIMIT_MS = 500;

/**
 * Closes a run that has ended. A client's thread may be waiting for a name server: nobody should have to wait for it,
 * too, and it goes on closing when this resolves.
 */
export async function closeSoon(run: Closable, stop: Stop): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, stop.giveUp.aborted ? LATE_CLOSE_LIMIT_MS : CLOSE_LIMIT_MS);
  });
  await Promise.race([run.close(), limit]);
  clearTimeout(timer);
}
