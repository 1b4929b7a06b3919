import type { Logger } from 'pino';
import { UserError, type ExitStatus } from '../errors/user-error.js';
import { openInScope } from '../pipeline/scope.js';
import { Stop } from '../pipeline/stop.js';
import { findRanges } from '../task/reading.js';
import { openSensor } from '../task/workers/sensing-workers.js';
import { openLog, showError } from '../terminal/logging.js';
import { becomeUser } from '../terminal/privileges.js';
import { openOutput } from '../terminal/standard-output.js';
import { endAtSignals, superviseRun } from '../terminal/supervised-run.js';
import type { Runner } from './command.js';
import { endAt } from './end-at.js';
import { parseLogOptions } from './log-arguments.js';
import { parseSipOptions, type SipArguments } from './sip-arguments.js';
import type { SIP_OPTIONS } from './sip-options.js';

/** `kcap sip`: the SIP messages in packets of interfaces, files or a topic, to reporters. */
export const sip: Runner<typeof SIP_OPTIONS> = async (args, given) => {
  const { level, format } = parseLogOptions(args);
  const log = await openLog({ level, format });
  endAtSignals(log, format);
  try {
    return await run(args, given, log);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger: log, format });
    return error.exitStatus;
  }
};

async function run(
  args: SipArguments,
  given: ReadonlySet<string>,
  log: Logger,
): Promise<ExitStatus> {
  const options = await parseSipOptions(args, given, log);
  const { packets, user } = options;
  const stop = new Stop(options.drainTimeoutMs);
  const ranges = packets.kind === 'topic' ? await findRanges(packets.options, log) : [];
  const onCaptureOpen = () => {
    if (user) becomeUser(user, log);
  };
  const { opened } = await openInScope((scope) =>
    openSensor(options, scope, { ranges, openOutput, stop, log, onCaptureOpen }),
  );
  const { autostop, topic } = opened;
  const to = packets.kind === 'topic' && !packets.options.endsAtWatermarks && packets.options.to;
  const timer = topic && typeof to === 'number' ? endAt(to, topic) : undefined;
  autostop.begin();
  return superviseRun(opened.run, stop, { ...options, ...opened, log }).finally(() => {
    clearTimeout(timer);
    autostop.end();
  });
}
