import { setMaxListeners } from 'node:events';
import { runCommandLine } from './commands/command-line.js';
import { isContained } from './terminal/bugs.js';
import { exitNow } from './terminal/exit.js';
import { keepIgnoredSignals } from './terminal/ignored-signals.js';
import { showBug, showError } from './terminal/logging.js';
import { hideSecretsInTitle } from './terminal/process-title.js';
import { UserError, type ExitStatus } from './errors/user-error.js';

/** The exit status for a bug of kcap's, as Node has it for an uncaught error. */
const BUG = 1;

async function main(): Promise<ExitStatus> {
  const argv = process.argv.slice(2);
  hideSecretsInTitle(argv);
  try {
    return await runCommandLine(argv);
  } catch (error) {
    if (error instanceof UserError) {
      showError(error);
      return error.exitStatus;
    }
    showBug(error);
    return BUG;
  }
}

// A signal that many parts listen to is no leak, which Node would report on standard error from the eleventh on.
setMaxListeners(0);
keepIgnoredSignals();
process.on('uncaughtException', (error) => {
  if (isContained(error)) return;
  showBug(error);
  exitNow(BUG);
});
exitNow(await main());
