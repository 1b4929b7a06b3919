import { readFile } from 'node:fs/promises';

export interface ProcessSample {
  /** Memory that is resident now. */
  readonly residentMiB: number;
  /** User and system, since its start. */
  readonly cpuSeconds: number;
}

/** USER_HZ: the unit of /proc's times, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The only child of a process. */
export async function onlyChild(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number.parseInt(children, 10);
  if (Number.isNaN(child)) throw new Error(`Process ${pid} has no child`);
  return child;
}

export async function sampleProcess(pid: number): Promise<ProcessSample> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  // After the command's name, which is in brackets and may hold anything: state, and so on as in proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return { residentMiB: resident / 1024, cpuSeconds: (user + system) / TICKS_PER_SECOND };
}
