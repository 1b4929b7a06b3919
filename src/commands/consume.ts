import type { Logger } from 'pino';
import type { ExitStatus } from '../errors/user-error.js';
import type { Microseconds } from '../packet/timestamp.js';
import { openInScope } from '../pipeline/scope.js';
import { Stop } from '../pipeline/stop.js';
import type { TopicSource } from '../sources/topic.js';
import { findRanges, openConsuming } from '../task/consuming.js';
import { openOutput } from '../terminal/standard-output.js';
import { superviseRun } from '../terminal/supervised-run.js';
import { readyFilter, type BridgeArguments } from './both-modes.js';
import { refuseSharedFile } from './file-options.js';
import { parseConsumeOptions, type ConsumeOptions } from './consume-options.js';

/** How long a reader that takes nothing may delay the end. What it does not get stays in Kafka. */
const STALLED_READER_MS = 500;
/** How long packets before --to may still be on their way to the topic. */
const ON_THE_WAY_MS = 1000;

/** `kcap --consumer`: packets of a topic to a capture file or stream. */
export async function consume(args: BridgeArguments, log: Logger): Promise<ExitStatus> {
  const given = parseConsumeOptions(args, Date.now(), log);
  if (given.file !== undefined) await refuseSharedFile(given.file, given.print !== undefined);
  const options = { ...given, filter: await readyFilter(given) };
  const stop = new Stop(STALLED_READER_MS);
  const ranges = await findRanges(options, log);
  const { opened } = await openInScope((scope) =>
    openConsuming(options, scope, { ranges, openOutput, stop, log }),
  );
  const { run, source, autostop, started } = opened;
  const timer = options.endsAtWatermarks ? undefined : endAt(options.to, source);
  sayWhatMayCome(options, log);
  autostop.begin();
  return superviseRun(run, stop, { started, log, ...options }).finally(() => {
    clearTimeout(timer);
    autostop.end();
  });
}

/** A range that has only just passed may not be complete yet. */
function sayWhatMayCome({ to, slackMs }: ConsumeOptions, log: Logger): void {
  if (to === undefined) return;
  if (slackMs !== undefined && to / 1000 + slackMs > Date.now())
    log.info(
      'packets that reach the topic later are missing: less than --slack has passed since --to',
    );
}

/** Ends a read up to a time that is still to come, shortly after it, with what there is in the topic then. */
function endAt(time: Microseconds | undefined, source: TopicSource): NodeJS.Timeout | undefined {
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
