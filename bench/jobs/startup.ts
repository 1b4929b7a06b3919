import { type Contender, captureCommand, readCommand } from '../contenders.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import { inScope } from '../rig/scope.js';
import type { Session } from '../session.js';
import { usersProperties } from './properties.js';

export type Mode = 'send' | 'read';

/** CPU-seconds that a contender takes to start and to end without a packet in between. */
export async function startupCpu(
  session: Session,
  contender: Contender,
  mode: Mode,
): Promise<number> {
  const { cluster, veth, folder, signal } = session;
  return inScope(async (scope) => {
    const topic = await cluster.freshTopic(scope, { partitions: 1 });
    const job = { topic, properties: usersProperties(session) };
    const process = new MeasuredProcess(scope, {
      command:
        mode === 'send'
          ? captureCommand(contender, { ...job, interface: veth.inside })
          : readCommand(contender, { ...job, packets: Infinity }),
      stdout: 'ignore',
      folder,
      signal,
    });
    await process.started();
    const { cost } = await process.finish('end it');
    return cost.userSeconds + cost.systemSeconds;
  });
}
