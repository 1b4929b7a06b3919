import type { FileCase } from '../cases.js';
import { type Contender, sendCommand } from '../contenders.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import type { Scope } from '../rig/scope.js';
import { type Turn, cpuPerMillion, packetsOf } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties } from './properties.js';
import { arrivedIn, packetCount } from './volume.js';

/** One contender sends a capture file to a topic of its own. */
export async function fileTurn(
  session: Session,
  scope: Scope,
  spec: FileCase,
  contender: Contender,
): Promise<Turn> {
  const { cluster, frames, folder, signal, probed } = session;
  const topic = await cluster.freshTopic(scope, spec);
  const packets = packetCount(session, spec);
  const file = await frames.file(spec.frameBytes, packets);
  const command = sendCommand(contender, {
    topic,
    properties: sendersProperties(session, spec),
    packed: spec.packed,
    file,
  });
  const process = new MeasuredProcess(scope, { command, stdout: 'ignore', folder, signal, probed });
  await process.started();
  process.markBusy();
  const finished = await process.finish('it ends');
  const arrived = await arrivedIn(topic, spec, contender);
  return {
    contender,
    figure: cpuPerMillion(finished, arrived),
    packets: packetsOf(packets, arrived, finished),
    packetsPerSecond: arrived / finished.cost.wallSeconds,
    process: finished,
  };
}
