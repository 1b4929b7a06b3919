import type { Logger } from 'pino';
import { readyFilter } from '../capture/ready-filter.js';
import type { ExitStatus } from '../errors/user-error.js';
import { openInScope } from '../pipeline/scope.js';
import { Stop } from '../pipeline/stop.js';
import { openConsuming } from '../task/consuming.js';
import { findRanges } from '../task/reading.js';
import { keepFreedMemory } from '../terminal/freed-memory.js';
import { openOutput } from '../terminal/standard-output.js';
import { superviseRun } from '../terminal/supervised-run.js';
import type { BridgeArguments } from './both-modes.js';
import { refuseSharedFile } from './file-options.js';
import { endAt } from './end-at.js';
import { parseConsumeOptions, type ConsumeOptions } from './consume-options.js';

/** How long a reader that takes nothing may delay the end. What it does not get stays in Kafka. */
const STALLED_READER_MS = 500;

/** `kcap --consumer`: packets of a topic to a capture file or stream. */
export async function consume(args: BridgeArguments, log: Logger): Promise<ExitStatus> {
  const given = parseConsumeOptions(args, Date.now(), log);
  if (given.file !== undefined) await refuseSharedFile(given.file, given.print !== undefined);
  const options = { ...given, filter: await readyFilter(given.filter) };
  keepFreedMemory();
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
