import { addon } from './addon.js';
import { runCommandLine } from './commands/command-line.js';
import { showError } from './terminal/logging.js';
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
    console.error(error);
    return BUG;
  }
}

// Everything has been closed; what still waits is a thread in a call that can't be interrupted, and nobody
// should have to wait for it.
addon.exitNow(await main());
