import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Output, ReadCase } from '../cases.js';
import { type Contender, packs, readCommand, sendCommand } from '../contenders.js';
import type { Topic } from '../rig/cluster.js';
import { pcapBytes } from '../rig/frames.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import { openPipe } from '../rig/pipe.js';
import type { Scope } from '../rig/scope.js';
import { type Turn, cpuPerMillion, packetsOf } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties, usersProperties } from './properties.js';
import { arrivedIn, packetCount } from './volume.js';

/** Topics with the same packets: one with a message a packet and, where the case has packs, another one. */
export interface FilledTopics {
  readonly plain: Topic;
  readonly packed: Topic | undefined;
}

export async function filledTopics(
  session: Session,
  scope: Scope,
  spec: ReadCase,
): Promise<FilledTopics> {
  return {
    plain: await filledTopic(session, scope, spec, 'c'),
    packed: spec.packed ? await filledTopic(session, scope, spec, 'packer') : undefined,
  };
}

async function filledTopic(
  session: Session,
  scope: Scope,
  spec: ReadCase,
  sender: Contender,
): Promise<Topic> {
  const { cluster, frames, folder, signal } = session;
  const topic = await cluster.freshTopic(scope, spec);
  const packets = packetCount(session, spec);
  const file = await frames.file(spec.frameBytes, packets);
  const properties = sendersProperties(session, spec);
  const command = sendCommand(sender, { topic, properties, file });
  await new MeasuredProcess(scope, { command, stdout: 'ignore', folder, signal }).finish('it ends');
  const arrived = await arrivedIn(topic, spec, sender);
  if (arrived !== packets) throw new Error(`${arrived} packets in the topic instead of ${packets}`);
  return topic;
}

/** One contender writes the topic as pcap to its standard output. */
export async function readTurn(
  session: Session,
  scope: Scope,
  spec: ReadCase,
  contender: Contender,
  { plain, packed }: FilledTopics,
): Promise<Turn> {
  const topic = packed && packs(contender) ? packed : plain;
  const { folder, signal, probed } = session;
  const packets = packetCount(session, spec);
  const properties = usersProperties(session);
  const file = path.join(folder, 'out.pcap');
  const output = await openOutput(scope, spec.output, file);
  const process = new MeasuredProcess(scope, {
    command: readCommand(contender, { topic, properties, packets }),
    stdout: output.fd,
    folder,
    signal,
    probed,
  });
  await output.close();
  await process.started();
  process.markBusy();
  const finished = await process.finish('it ends');
  const arrived =
    spec.output === 'file'
      ? ((await stat(file)).size - pcapBytes(0, 0)) /
        (pcapBytes(1, spec.frameBytes) - pcapBytes(0, 0))
      : (finished.account.packetsOut ?? 0);
  return {
    contender,
    figure: cpuPerMillion(finished, arrived),
    packets: packetsOf(packets, arrived, finished),
    packetsPerSecond: arrived / finished.cost.wallSeconds,
    process: finished,
  };
}

async function openOutput(scope: Scope, output: Output, file: string): Promise<FileHandle> {
  if (output === 'null') return open('/dev/null', 'w');
  if (output === 'pipe') return openPipe(scope, `${file}.pipe`);
  scope.after(() => rm(file, { force: true }));
  return open(file, 'w');
}
