import { UserError, usageError } from '../errors/user-error.js';
import { openLog, showError } from '../terminal/logging.js';
import { endAtSignals } from '../terminal/supervised-run.js';
import { foreignOptions, type BRIDGE_OPTIONS } from './bridge-options.js';
import type { Runner } from './command.js';
import { parseLogOptions } from './log-arguments.js';

const SEE_HELP = "see 'kcap --help'";

/** `kcap --producer` and `kcap --consumer`. */
export const bridge: Runner<typeof BRIDGE_OPTIONS> = async (args, given) => {
  if (args.producer === args.consumer)
    throw usageError(
      'mode',
      args.producer === true
        ? 'both --producer and --consumer'
        : 'neither --producer nor --consumer',
      `give one of the two, or ${SEE_HELP}`,
    );
  const mode = args.producer === true ? '--producer' : '--consumer';
  const foreign = foreignOptions(given).find((name) => given.has(name));
  if (foreign !== undefined)
    throw usageError(`--${foreign}`, `it has no meaning with ${mode}`, SEE_HELP);

  const options = parseLogOptions(args);
  const logger = await openLog(options);
  endAtSignals(logger, options.format);
  try {
    if (args.producer === true) {
      const { produce } = await import('./produce.js');
      return await produce(args, logger);
    }
    const { consume } = await import('./consume.js');
    return await consume(args, logger);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger, format: options.format });
    return error.exitStatus;
  }
};
