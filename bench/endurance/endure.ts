import { kcap } from '#support/kcap.js';
import type { KcapRun } from '#support/kcap-run.js';
import { FrameSequence, numberOf } from '#support/numbered-frames.js';
import { framesSent, vethPair } from '#support/veth.js';
import { waitFor } from '#support/wait-for.js';
import { Cluster } from '../rig/cluster.js';
import { PcapArrivals } from '../rig/pcap-arrivals.js';
import { sampleProcess } from '../rig/process-sample.js';
import type { Scope } from '../rig/scope.js';
import { beginTraffic, end, KEPT, slept, type EnduranceOptions } from './rig.js';
import { type Sample, lineOf, TABLE_HEAD } from './sample.js';
import { showVerdict, verdictOf } from './verdict.js';

const SAMPLE_EVERY_MS = 5000;
const SAMPLES_A_LINE = 12;
/** Besides the traffic: starts, ends, and what may be on its way. */
const MARGIN_MS = 120_000;
const SETTLE_MS = 10_000;
/** Shows a line a minute and the verdict at the end; true where nothing was lost or repeated and memory stayed flat. */
export async function endure(
  scope: Scope,
  { brokers, folder, seconds, signal }: EnduranceOptions,
): Promise<boolean> {
  const cluster = await Cluster.connect(brokers, scope);
  const topic = await cluster.freshTopic(scope, { partitions: 1, config: KEPT });
  const veth = await vethPair(scope.asTest);

  const ends = { limitMs: seconds * 1000 + MARGIN_MS };
  const to = ['-k', brokers, '-t', topic.name];
  const consumer = kcap(scope.asTest, ['--consumer', ...to, '-o', 'stored', '-g', 'endurance'], {
    ...ends,
    stdout: 'open',
  });
  const sequence = followed(consumer);
  const producer = kcap(scope.asTest, ['--producer', ...to, '-i', veth.inside], ends);
  await Promise.all([consumer.started(), producer.started()]);

  const { sent: sending, over } = await beginTraffic(veth, { folder, seconds, signal });

  const startedAt = performance.now();
  const samples: Sample[] = [];
  console.log(TABLE_HEAD);
  const untilNext = () => startedAt + (samples.length + 1) * SAMPLE_EVERY_MS - performance.now();
  while (await slept(untilNext(), over)) {
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
  showVerdict(verdict);
  return verdict.faults.length === 0;
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
