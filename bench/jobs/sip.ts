import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '#support/free-port.js';
import { repository } from '#support/repository.js';
import { producerProperties } from '#kcap/kafka/settings.js';
import type { SipCase } from '../cases.js';
import { type Contender, KCAP, type Properties, isKcap } from '../contenders.js';
import { RARE_CALLER } from '../rig/calls.js';
import { brokerCost, brokerCpu } from '../rig/broker-cost.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import { startMosquitto } from '../rig/mosquitto.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import { type Turn, cpuPerMillion, packetsOf } from '../run.js';
import type { Session } from '../session.js';
import { usersProperties } from './properties.js';

const USUAL_SECONDS = 5;
/** What has been captured by then is on its way for no longer. */
const SETTLE_MS = 2000;
const LIMIT = [`${repository}dist-bench/limit/sip`];

interface Way {
  /** For kcap, and for the limit. */
  readonly options: Readonly<Record<'kcap' | 'c', readonly string[]>>;
  /** Messages at the other end; undefined where the contender's own account says so. */
  readonly arrived?: () => Promise<number>;
  /** A filter leaves most of them out: those have arrived that were found, but for reports that have not. */
  readonly filters?: boolean;
  readonly topic?: string;
}

/** One contender finds the messages of calls on one end of a cable, and reports them. */
export async function sipTurn(
  session: Session,
  scope: Scope,
  spec: SipCase,
  contender: Contender,
): Promise<Turn> {
  const { kafka, veth, frames, folder, signal, probed, seconds = USUAL_SECONDS } = session;
  const way = await openWay(session, scope, spec);
  const before = await brokerCpu(kafka);
  const program = isKcap(contender) ? [...KCAP[contender], 'sip'] : LIMIT;
  const process = new MeasuredProcess(scope, {
    command: [...[...program, '-i', veth.inside], ...way.options[isKcap(contender) ? 'kcap' : 'c']],
    ...{ stdout: 'ignore', folder, signal, probed },
  });
  await process.started();
  process.markBusy();
  const sent = await sendTraffic(veth, {
    file: await frames.calls(),
    packets: Math.round(spec.rate * seconds),
    rate: spec.rate,
    signal,
  });
  await sleep(SETTLE_MS, undefined, { signal });
  const finished = await process.finish('end it');
  const { messagesIn = 0, messagesOut = 0 } = finished.account;
  const reported = way.arrived ? await way.arrived() : messagesOut;
  const arrived = way.filters ? messagesIn - (messagesOut - reported) : reported;
  const broker = way.topic === undefined ? undefined : await brokerCost(kafka, before, way.topic);
  return {
    contender,
    figure: cpuPerMillion(finished, arrived),
    packets: packetsOf(sent.packets, arrived, finished),
    packetsPerSecond: sent.packetsPerSecond,
    process: finished,
    ...(broker && { broker }),
  };
}

async function openWay(session: Session, scope: Scope, spec: SipCase): Promise<Way> {
  switch (spec.to) {
    case 'nothing':
      return {
        options: { kcap: ['--sip-filter', '(method none)', '--report', 'json:'], c: [] },
        filters: true,
      };
    case 'filtered': {
      const topic = await session.cluster.freshTopic(scope, spec);
      const filter = `(from "sip:${RARE_CALLER}@")`;
      return {
        options: {
          kcap: [
            ...given(usersProperties(session)),
            ...['--sip-filter', filter, '--report', `kafka:${topic.name}`],
          ],
          c: [],
        },
        arrived: () => topic.arrived(),
        filters: true,
      };
    }
    case 'hep': {
      const port = await freePort();
      const collector = new MeasuredProcess(scope, {
        command: [`${repository}dist-bench/limit/collect`, String(port)],
        ...{ stdout: 'ignore', folder: session.folder, signal: session.signal },
      });
      await collector.started();
      return {
        options: {
          kcap: ['--report', `hep://127.0.0.1:${port}?id=2001`],
          c: ['-u', String(port)],
        },
        arrived: async () => (await collector.finish('end it')).account.packetsIn ?? 0,
      };
    }
    case 'kafka': {
      const topic = await session.cluster.freshTopic(scope, spec);
      const user = usersProperties(session);
      return {
        options: {
          kcap: [...given(user), '--report', `kafka:${topic.name}`],
          c: [
            ...given(
              producerProperties(new Map([['linger.ms', '50'], ...user]), { reports: true }),
            ),
            '-t',
            topic.name,
          ],
        },
        arrived: () => topic.arrived(),
        topic: topic.name,
      };
    }
    case 'mqtt': {
      const port = await startMosquitto(scope, session.folder);
      return { options: { kcap: ['--report', `mqtt://127.0.0.1:${port}/sip`], c: [] } };
    }
  }
}

function given(properties: Properties): string[] {
  return [...properties].flatMap(([name, value]) => ['-X', `${name}=${value}`]);
}
