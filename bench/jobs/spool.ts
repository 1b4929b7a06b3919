import path from 'node:path';

import { delayingProxy } from '#support/delaying-proxy.js';
import { freePort } from '#support/free-port.js';
import { waitFor } from '#support/wait-for.js';
import type { SpoolCase } from '../cases.js';
import { captureCommand } from '../contenders.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import { type Turn, cpuPerMillion, packetsOf } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties } from './properties.js';
import { arrivedIn, USUAL_SECONDS } from './volume.js';

const QUIET_MS = 1500;
/** kcap asks again every ten seconds at the latest. */
const NOTICE_MS = 20_000;
let turns = 0;

/**
 * kcap captures while nobody listens where its broker should be; then somebody does, and it sends what is on disk. The
 * cost is that of both.
 */
export async function spoolTurn(session: Session, scope: Scope, spec: SpoolCase): Promise<Turn> {
  const { cluster, veth, frames, folder, signal, probed, seconds = USUAL_SECONDS } = session;
  const topic = await cluster.freshTopic(scope, spec);
  const listenOn = await freePort();
  const properties = new Map([
    ...sendersProperties(session, spec),
    ['bootstrap.servers', `127.0.0.1:${listenOn}`] as const,
  ]);
  const process = new MeasuredProcess(scope, {
    command: captureCommand('kcap', {
      ...{ topic, properties, packed: spec.packed, interface: veth.inside },
      spool: path.join(folder, `spool-${turns++}`),
    }),
    stdout: 'ignore',
    folder,
    signal,
    probed,
  });
  await process.started();
  process.markBusy();
  const sent = await sendTraffic(veth, {
    file: await frames.file(spec.frameBytes),
    packets: Math.round(spec.rate * seconds),
    rate: spec.rate,
    signal,
  });
  const [, port] = cluster.brokers.split(':');
  await delayingProxy(scope.asTest, { to: Number(port), delayMs: 0, listenOn });
  await waitFor(async () => (await topic.arrived()) > 0, {
    limitMs: NOTICE_MS,
    what: 'kcap to find its broker',
  });
  await topic.settle(sent.packets, QUIET_MS, signal);
  const finished = await process.finish('end it');
  const arrived = await arrivedIn(topic, spec, 'kcap');
  return {
    contender: 'kcap',
    figure: cpuPerMillion(finished, arrived),
    packets: packetsOf(sent.packets, arrived, finished),
    packetsPerSecond: sent.packetsPerSecond,
    process: finished,
  };
}
