import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { kcap } from '#support/kcap.js';
import type { KcapRun } from '#support/kcap-run.js';
import {
  DISTINCT_FRAMES,
  FrameSequence,
  numberedFrame,
  numberOf,
} from '#support/numbered-frames.js';
import { pcapFile } from '#support/pcap-file.js';
import { framesSent, vethPair } from '#support/veth.js';
import { waitFor } from '#support/wait-for.js';
import { Cluster } from '../rig/cluster.js';
import { PcapArrivals } from '../rig/pcap-arrivals.js';
import { sampleProcess } from '../rig/process-sample.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import { type Sample, lineOf, TABLE_HEAD } from './sample.js';
import { type Verdict, verdictOf } from './verdict.js';

const PACKETS_PER_SECOND = 20_000;
const FRAME_BYTES = 200;
const SAMPLE_EVERY_MS = 5000;
const SAMPLES_A_LINE = 12;
/** Besides the traffic: starts, ends, and what may be on its way. */
const MARGIN_MS = 120_000;
const SETTLE_MS = 10_000;
/** The topic keeps the last half gigabyte: the last two minutes, which the consumer has long read. */
const KEPT = { 'retention.bytes': String(512 << 20), 'segment.bytes': String(64 << 20) };

export interface EnduranceOptions {
  readonly brokers: string;
  /** For temporary files. */
  readonly folder: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Shows a line a minute and the verdict at the end; true where nothing was lost or repeated and memory stayed flat. */
export async function endure(
  scope: Scope,
  { brokers, folder, seconds, signal }: EnduranceOptions,
): Promise<boolean> {
  const cluster = await Cluster.connect(brokers, scope);
  const topic = await cluster.freshTopic(scope, { partitions: 1, config: KEPT });
  const veth = await vethPair(scope.asTest);
  const file = path.join(folder, 'frames.pcap');
  await writeFile(file, numberedPcap());

  const ends = { limitMs: seconds * 1000 + MARGIN_MS };
  const to = ['-k', brokers, '-t', topic.name];
  const consumer = kcap(scope.asTest, ['--consumer', ...to, '-o', 'stored', '-g', 'endurance'], {
    ...ends,
    stdout: 'open',
  });
  const sequence = followed(consumer);
  const producer = kcap(scope.asTest, ['--producer', ...to, '-i', veth.inside], ends);
  await Promise.all([consumer.started(), producer.started()]);

  signal.throwIfAborted();
  const sendingOver = new AbortController();
  const sending = sendTraffic(veth, {
    file,
    packets: Math.round(PACKETS_PER_SECOND * seconds),
    rate: PACKETS_PER_SECOND,
    signal,
  }).finally(() => {
    sendingOver.abort();
  });
  // Awaited below; until then a failure only ends the sampling.
  sending.catch(() => undefined);

  const startedAt = performance.now();
  const samples: Sample[] = [];
  console.log(TABLE_HEAD);
  const untilNext = () => startedAt + (samples.length + 1) * SAMPLE_EVERY_MS - performance.now();
  while (await slept(untilNext(), sendingOver.signal)) {
    samples.push({
      seconds: (performance.now() - startedAt) / 1000,
      sent: await framesSent(veth),
      delivered: await topic.arrived(),
      read: sequence.account,
      producer: await sampleProcess(producer.pid),
      consumer: await sampleProcess(consumer.pid),
    });
    if (samples.length % SAMPLES_A_LINE === 0) console.log(lineOf(samples.slice(-SAMPLES_A_LINE)));
  }
  const sent = await sending;
  await end(producer);
  const delivered = await topic.arrived();
  await waitFor(() => sequence.account.frames >= delivered, {
    limitMs: SETTLE_MS,
    what: 'the last packets in the output',
  }).catch(() => undefined); // what is missing shows in the verdict
  await end(consumer);

  const verdict = verdictOf(samples, {
    ...{ sent: sent.packets, delivered, read: sequence.account },
    summaries: { producer: producer.summary(), consumer: consumer.summary() },
  });
  show(verdict);
  return verdict.faults.length === 0;
}

function numberedPcap(): Buffer {
  const packets = Array.from({ length: DISTINCT_FRAMES }, (_, number) => ({
    ...{ seconds: 0, fraction: 0 },
    frame: numberedFrame(number, FRAME_BYTES),
  }));
  return pcapFile({ packets });
}

/** Whether the time has passed; false where it was cut short. */
async function slept(ms: number, cut: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: cut });
    return true;
  } catch {
    return false;
  }
}

/** Reads all that a consumer writes, and checks the numbers of its frames. */
function followed(consumer: KcapRun): FrameSequence {
  const sequence = new FrameSequence();
  const arrivals = new PcapArrivals((_seconds, frame) => {
    sequence.take(numberOf(frame));
  });
  consumer.stdoutStream.on('data', (bytes: Buffer) => {
    arrivals.push(bytes);
  });
  return sequence;
}

async function end(run: KcapRun): Promise<void> {
  run.signal('SIGTERM');
  const { status, signal } = await run.exit;
  if (status !== 0) console.error(`ended with ${signal ?? `status ${status}`}:\n${run.stderr}`);
}

function show({ lines, faults }: Verdict): void {
  console.log(['', ...lines, ...faults.map((fault) => `! ${fault}`)].join('\n'));
  console.log(faults.length === 0 ? 'nothing lost, nothing twice, memory flat' : 'not passed');
}
