import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { runningAgent, type RunningAgent } from './running-agent.js';
import { tempFolder } from './temp-folder.js';

/** An agent that is asked for captures, and writes them to a folder of their own. */
export interface CapturingAgent extends RunningAgent {
  /** Where the captures are. */
  readonly captures: string;
}

/**
 * Starts one.
 *
 * @param triggers its `triggers`, by section; `general` gets the folder
 * @param more of its configuration
 */
export async function capturingAgent(
  t: TestContext,
  { general = {}, ...triggers }: Readonly<Record<string, object>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<CapturingAgent> {
  const captures = path.join(await tempFolder(t), 'captures');
  await mkdir(captures);
  const written = { writelocal: true, localdir: captures };
  const agent = await runningAgent(t, {
    configuration: { ...more, triggers: { general: { ...written, ...general }, ...triggers } },
  });
  return { ...agent, captures };
}
