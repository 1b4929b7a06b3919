import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processors: processors.length,
    model: processors[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.version,
  };
}

const WATCH_MS = 500;
const IDLE_FIELDS = [3, 4];

/** The share of the processors' time that is used now, 0 to 1: while nothing is measured, by others. */
export async function busyShare(): Promise<number> {
  const before = await processorTimes();
  await sleep(WATCH_MS);
  const after = await processorTimes();
  const used = after.map((ticks, field) => ticks - (before[field] ?? 0));
  const total = used.reduce((sum, ticks) => sum + ticks, 0);
  const idle = IDLE_FIELDS.reduce((sum, field) => sum + (used[field] ?? 0), 0);
  return total === 0 ? 0 : 1 - idle / total;
}

/** user, nice, system, idle, iowait, irq, softirq, steal: ticks since the start of the machine. */
async function processorTimes(): Promise<number[]> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  return line.trim().split(/\s+/).slice(1, 9).map(Number);
}
