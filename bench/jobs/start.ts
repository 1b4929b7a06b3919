import { setTimeout as sleep } from 'node:timers/promises';

import { readMessages } from '#support/topic.js';
import type { StartCase } from '../cases.js';
import { type Contender, captureCommand } from '../contenders.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import type { Turn } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties } from './properties.js';

const PACKETS_PER_SECOND = 1000;
const SECONDS = 3;
/** Until tcpreplay sends. */
const AHEAD_MS = 300;
const QUIET_MS = 500;

/**
 * A contender is started while a packet comes each millisecond: how long after the start of its process the first one
 * of those that reach the topic was captured.
 */
export async function startTurn(
  session: Session,
  scope: Scope,
  spec: StartCase,
  contender: Contender,
): Promise<Turn> {
  const { cluster, veth, frames, folder, signal } = session;
  const topic = await cluster.freshTopic(scope, spec);
  const sending = sendTraffic(veth, {
    file: await frames.file(spec.frameBytes),
    packets: PACKETS_PER_SECOND * SECONDS,
    rate: PACKETS_PER_SECOND,
    signal,
  });
  // Awaited below; what goes wrong before that is the cause.
  sending.catch(() => undefined);
  await sleep(AHEAD_MS);
  const process = new MeasuredProcess(scope, {
    command: captureCommand(contender, {
      topic,
      properties: sendersProperties(session, spec),
      interface: veth.inside,
    }),
    stdout: 'ignore',
    folder,
    signal,
  });
  await process.started();
  await sending;
  await topic.settle(PACKETS_PER_SECOND * SECONDS, QUIET_MS, signal);
  const { cost } = await process.finish('end it');
  const [first] = await readMessages(topic.name);
  if (!first?.key) throw new Error('No packet has reached the topic');
  const capturedAt = Number(first.key.readBigUInt64BE()) / 1e6;
  return { contender, figure: (capturedAt - cost.startedAt) * 1000 };
}
