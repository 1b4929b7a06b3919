import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (how: { readonly type: 'major'; readonly execution: 'async' }) => Promise<void>;

let collect: Collect | undefined;

/**
 * Has V8 collect all that nobody holds any more, and gives the buffers' finalizers their turn. By itself V8 collects
 * once its own heap has grown, which that of an agent hardly does, whatever the buffers of ended tasks take.
 */
export async function collectGarbage(): Promise<void> {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  await collect({ type: 'major', execution: 'async' });
  await new Promise((resolve) => setImmediate(resolve));
}
