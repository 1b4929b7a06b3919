import { heldBy, runningAgent } from '#support/running-agent.js';
import { vethPair } from '#support/veth.js';
import { Cluster } from '../rig/cluster.js';
import { sampleProcess } from '../rig/process-sample.js';
import type { Scope } from '../rig/scope.js';
import { flatMemory, type MemoryAt } from './flat-memory.js';
import { beginTraffic, end, KEPT, slept, type EnduranceOptions } from './rig.js';
import { showVerdict } from './verdict.js';

/** How long each task runs: an hour has as many as a day with one every four minutes. */
const TASK_MS = 10_000;
/** What a deleted task has left is given back a second later: compared is what the agent holds without any task. */
const SETTLES_MS = 2000;
const CYCLES_A_LINE = 6;
/** Besides the traffic: starts and ends. */
const MARGIN_MS = 120_000;
/** Node's own threads and descriptors come as they are needed: so many cycles are not compared. */
const WARM_CYCLES = 2;

interface Held extends MemoryAt {
  readonly threads: number;
  readonly descriptors: number;
}

/**
 * An agent that is given a task, lets it run for 10 s and deletes it, over and over, while packets come steadily. Shows a
 * line a minute and the verdict at the end; true where no task lost a packet and the agent holds no more than at first.
 */
export async function endureTasks(
  scope: Scope,
  { brokers, folder, seconds, signal }: EnduranceOptions,
): Promise<boolean> {
  const cluster = await Cluster.connect(brokers, scope);
  const topic = await cluster.freshTopic(scope, { partitions: 1, config: KEPT });
  const veth = await vethPair(scope.asTest);
  const { run: agent, answer: ask } = await runningAgent(scope.asTest, {
    ...{ folder, configuration: { kafka: { brokers: [brokers] } } },
    limitMs: seconds * 1000 + MARGIN_MS,
  });

  const { sent, over } = await beginTraffic(veth, { folder, seconds, signal });
  const startedAt = performance.now();
  const held: Held[] = [];
  const faults: string[] = [];
  let packets = 0;
  console.log('        s    tasks    packets      MiB  threads  descriptors');
  for (let cycle = 0; !over.aborted; cycle++) {
    const id = `task-${cycle}`;
    const config = {
      ...{ id, parsers: ['sip'], capture: { name: 'afpacket', interface: veth.inside } },
      reporters: [
        { name: 'frames', config: { topic: topic.name, pack: true } },
        { name: 'hep', config: { servers: ['127.0.0.1:9'] } },
      ],
    };
    await ask('task_create', { config });
    const hasLasted = await slept(TASK_MS, over);
    await ask('task_stop', { task_id: id });
    const {
      packets_in: taken,
      packets_failed: failed,
      drops,
      reporters,
    } = await ask('task_status', {
      task_id: id,
    });
    await ask('task_delete', { task_id: id });
    const { frames } = reporters as { frames: { in: number; out: number } };
    packets += Number(taken);
    const lost = JSON.stringify({ failed, drops });
    if (lost !== '{"failed":0,"drops":{"kernel":0,"interface":0}}') faults.push(`${id}: ${lost}`);
    if (frames.out !== taken) faults.push(`${id}: ${frames.out} of ${String(taken)} in Kafka`);
    if (hasLasted && !(Number(taken) > 0)) faults.push(`${id}: no packet came`);
    await slept(SETTLES_MS, signal);
    held.push(await holdings(agent.pid, (performance.now() - startedAt) / 1000));
    if (held.length % CYCLES_A_LINE === 0) console.log(lineOf(held, packets));
  }
  const { packets: offered } = await sent;
  await end(agent);

  const memory = flatMemory('agent', held);
  for (const what of ['threads', 'descriptors'] as const) {
    const [first = 0, last = NaN] = [held[WARM_CYCLES]?.[what], held.at(-1)?.[what]];
    if (!(last <= first)) faults.push(`${what}: ${last} instead of ${first}`);
  }
  const lines = [`${held.length} tasks, ${packets} of ${offered} packets in them`, memory.line];
  showVerdict({
    lines,
    faults: [...faults, ...(memory.fault === undefined ? [] : [memory.fault])],
  });
  return faults.length === 0 && memory.fault === undefined;
}

async function holdings(pid: number, seconds: number): Promise<Held> {
  const { residentMiB } = await sampleProcess(pid);
  return { seconds, residentMiB, ...(await heldBy(pid)) };
}

function lineOf(held: readonly Held[], packets: number): string {
  const { seconds = 0, residentMiB = 0, threads = 0, descriptors = 0 } = held.at(-1) ?? {};
  const cells = [seconds.toFixed(0), held.length, packets, residentMiB.toFixed(1), threads];
  return [...cells.map((cell) => String(cell).padStart(9)), String(descriptors).padStart(12)].join(
    '',
  );
}
