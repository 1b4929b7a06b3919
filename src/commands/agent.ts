import { once } from 'node:events';
import type { Logger } from 'pino';
import { Agent } from '../agent/agent.js';
import { readConfiguration } from '../agent/configuration/read-configuration.js';
import { messageOf, UserError, type ExitStatus } from '../errors/user-error.js';
import { onAgentSignals } from '../terminal/agent-signals.js';
import { openLog, showError, type LogOptions } from '../terminal/logging.js';
import { openOutput } from '../terminal/standard-output.js';
import type { AGENT_OPTIONS } from './agent-options.js';
import type { Runner } from './command.js';
import { packageVersion } from './version.js';

/** `kcap agent`: tasks, until it is stopped. */
export const agent: Runner<typeof AGENT_OPTIONS> = async ({ config }) => {
  const read = () => readConfiguration(config, { environment: process.env });
  const configuration = await read();
  const { level, format } = configuration.log;
  const options: LogOptions = { level, format };
  const log = await openLog(options);
  try {
    return await run(read, configuration, log);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger: log, format });
    return error.exitStatus;
  }
};

async function run(
  read: () => ReturnType<typeof readConfiguration>,
  configuration: Awaited<ReturnType<typeof readConfiguration>>,
  log: Logger,
): Promise<ExitStatus> {
  const opening = Agent.open(configuration, {
    ...{ log, version: packageVersion(), openConsole: openOutput, readAgain: read },
  });
  // It may take a while to open; then it ends right after that.
  const stop = () => {
    void opening.then(
      (opened) => {
        opened.shutDown();
      },
      () => undefined,
    );
  };
  const unlisten = onAgentSignals({
    stop: (signal) => {
      log.info(`${signal}: stopping; a second one ends at once`);
      stop();
    },
    reload: () => {
      void opening
        .then((opened) => opened.reload())
        .catch((error: unknown) => {
          log.error({ event: 'reload-failed' }, `reload: ${messageOf(error)}; nothing has changed`);
        });
    },
  });
  try {
    const opened = await opening;
    const { socket } = configuration.control;
    log.info({ event: 'agent-started', socket }, `agent started, commands at ${socket}`);
    if (!opened.asked.aborted) await once(opened.asked, 'abort');
    await opened.close();
    log.info({ event: 'agent-stopped' }, 'agent stopped');
    return 0;
  } finally {
    unlisten();
  }
}
