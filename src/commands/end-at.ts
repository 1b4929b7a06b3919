import type { Microseconds } from '../packet/timestamp.js';
import type { TopicSource } from '../sources/topic.js';

/** How long packets before --to may still be on their way to the topic. */
const ON_THE_WAY_MS = 1000;

/** Ends a read whose --to is still to come: shortly after that time, with what the topic holds then. */
export function endAt(
  time: Microseconds | undefined,
  source: TopicSource,
): NodeJS.Timeout | undefined {
  if (time === undefined) return undefined;
  const waitMs = time / 1000 - Date.now() + ON_THE_WAY_MS;
  // The longest time that a timer can be set to, some 24 days, is for ever here.
  return waitMs > 0x7fffffff
    ? undefined
    : setTimeout(
        () => {
          source.endHere();
        },
        Math.max(waitMs, 0),
      );
}
