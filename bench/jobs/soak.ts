import { setTimeout as sleep } from 'node:timers/promises';

import type { SoakCase } from '../cases.js';
import { type Contender, captureCommand } from '../contenders.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import { onlyChild, sampleProcess } from '../rig/process-sample.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import { type SoakSample, type Turn, cpuPerMillion, packetsOf } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties } from './properties.js';

const SECONDS = 600;
const QUIET_MS = 1500;
/** The topic keeps the last half gigabyte, in segments of which one comes every few seconds. */
const KEPT = { 'retention.bytes': String(512 << 20), 'segment.bytes': String(128 << 20) };

/** A contender captures steady traffic for minutes, and each second is written down. */
export async function soakTurn(
  session: Session,
  scope: Scope,
  spec: SoakCase,
  contender: Contender,
): Promise<Turn> {
  const { cluster, veth, frames, folder, signal } = session;
  const seconds = session.seconds ?? SECONDS;
  const topic = await cluster.freshTopic(scope, { ...spec, config: KEPT });
  const process = new MeasuredProcess(scope, {
    command: captureCommand(contender, {
      topic,
      properties: sendersProperties(session, spec),
      interface: veth.inside,
    }),
    stdout: 'ignore',
    folder,
    signal,
    // One run of minutes, in which a probe costs next to nothing.
    probed: contender === 'kcap',
    limitMs: (seconds + 60) * 1000,
  });
  await process.started();
  process.markBusy();

  const sending = sendTraffic(veth, {
    file: await frames.file(spec.frameBytes),
    packets: Math.round(spec.rate * seconds),
    rate: spec.rate,
    signal,
  });
  const over = new AbortController();
  const stopSampling = (): void => {
    over.abort();
  };
  sending.then(stopSampling, stopSampling);
  const samples: SoakSample[] = [];
  const pid = await onlyChild(process.pid);
  const began = performance.now();
  for (let second = 1; !over.signal.aborted; second++) {
    await sleep(Math.max(0, began + second * 1000 - performance.now()));
    samples.push({ second, ...(await sampleProcess(pid)), arrived: await topic.arrived() });
  }

  const sent = await sending;
  await topic.settle(sent.packets, QUIET_MS, signal);
  const finished = await process.finish('end it');
  const arrived = await topic.arrived();
  return {
    contender,
    figure: cpuPerMillion(finished, arrived),
    packets: packetsOf(sent.packets, arrived, finished),
    packetsPerSecond: sent.packetsPerSecond,
    process: finished,
    samples,
  };
}
