import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Has all that nobody holds any more collected, and gives whatever happens then its turn. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 5; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
