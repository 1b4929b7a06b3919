import { delayingProxy } from '#support/delaying-proxy.js';
import type { CaptureCase } from '../cases.js';
import { type Contender, captureCommand } from '../contenders.js';
import { brokerCost, brokerCpu } from '../rig/broker-cost.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import { type Turn, cpuPerMillion, packetsOf } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties } from './properties.js';
import { arrivedIn, USUAL_SECONDS } from './volume.js';

/** Packets/s that are offered flat out; what tcpreplay reaches is less. */
const FLAT_OUT = 800_000;
/** After so long without another packet in the topic, none is expected any more. */
const QUIET_MS = 1500;

/** One contender captures the traffic of one end of a cable and sends it to a topic of its own. */
export async function captureTurn(
  session: Session,
  scope: Scope,
  spec: CaptureCase,
  contender: Contender,
): Promise<Turn> {
  const { cluster, kafka, veth, frames, folder, signal, probed } = session;
  const { seconds = USUAL_SECONDS } = session;
  const topic = await cluster.freshTopic(scope, spec);
  const properties = new Map(sendersProperties(session, spec));
  if (spec.roundTripMs !== undefined)
    properties.set('bootstrap.servers', await longWay(session, scope, spec.roundTripMs));
  const before = await brokerCpu(kafka);
  const process = new MeasuredProcess(scope, {
    command: captureCommand(contender, {
      ...{ topic, properties, packed: spec.packed },
      interface: veth.inside,
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
    packets: Math.round((spec.rate === 'flat out' ? FLAT_OUT : spec.rate) * seconds),
    rate: spec.rate,
    signal,
  });
  await topic.settle(sent.packets, QUIET_MS, signal);
  const finished = await process.finish('end it');
  const arrived = await arrivedIn(topic, spec, contender);
  const broker = await brokerCost(kafka, before, topic.name);
  return {
    contender,
    figure: cpuPerMillion(finished, arrived),
    packets: packetsOf(sent.packets, arrived, finished),
    packetsPerSecond: sent.packetsPerSecond,
    process: finished,
    ...(broker && { broker }),
  };
}

/** Makes one, and says what it is as bootstrap.servers. */
async function longWay({ kafka }: Session, scope: Scope, roundTripMs: number): Promise<string> {
  if (!kafka) throw new Error('A long way takes a broker that the benchmark starts itself');
  await delayingProxy(scope.asTest, { ...kafka.far, delayMs: roundTripMs / 2 });
  return `127.0.0.1:${kafka.far.listenOn}`;
}
