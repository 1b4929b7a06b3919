import { once } from 'node:events';
import { addon } from '../addon/addon.js';
import { Agent, type AgentParts } from '../agent/agent.js';
import type { AgentConfiguration } from '../agent/configuration/configuration.js';
import { readConfiguration } from '../agent/configuration/read-configuration.js';
import type { IgnoredKey } from '../documents/ignored-keys.js';
import { Logs } from '../agent/logs.js';
import { messageOf, UserError, type ExitStatus } from '../errors/user-error.js';
import { packageVersion } from '../package-version.js';
import { blameTask } from '../task/task-bugs.js';
import { onAgentSignals } from '../terminal/agent-signals.js';
import { containBugs } from '../terminal/bugs.js';
import { openChangingLog, showError, type LogOptions } from '../terminal/logging.js';
import { openOutput } from '../terminal/standard-output.js';
import type { AGENT_OPTIONS } from './agent-options.js';
import type { Runner } from './command.js';

/** `kcap agent`: tasks, until it is stopped. */
export const agent: Runner<typeof AGENT_OPTIONS> = async ({ config }) => {
  addon.shareArenas();
  const ignored = new Map<string, IgnoredKey>();
  const read = () =>
    readConfiguration(config, {
      environment: process.env,
      onIgnored: (key) => ignored.set(key.where, key),
    });
  const configuration = await read();
  const { level, format } = configuration.log;
  const options: LogOptions = { level, format };
  const logs = new Logs((text) => {
    log.warn({ event: 'log-output' }, text);
  });
  const changing = await openChangingLog(options, (record) => {
    logs.write(record);
  });
  const log = changing.logger;
  const changeLog = async (next: AgentConfiguration['log']) => {
    await changing.change(next);
    await logs.use(next);
  };
  await logs.use(configuration.log);
  for (const { where, why } of ignored.values())
    log.warn({ event: 'key-ignored', key: where }, `${where}: ${why}`);
  containBugs(blameTask);
  try {
    return await run(configuration, { log, readAgain: read, changeLog });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    showError(error, { logger: log, format });
    return error.exitStatus;
  } finally {
    await logs.close();
  }
};

async function run(
  configuration: AgentConfiguration,
  parts: Pick<AgentParts, 'log' | 'readAgain' | 'changeLog'>,
): Promise<ExitStatus> {
  const { log } = parts;
  const { librdkafka, libpcap } = addon.versions();
  const opening = Agent.open(configuration, {
    ...{ ...parts, version: packageVersion(), openConsole: openOutput },
    build: { node: process.version, librdkafka, libpcap },
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
