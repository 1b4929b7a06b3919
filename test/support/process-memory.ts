import { readFile } from 'node:fs/promises';

/** The most bytes that a process has had in memory at once so far (VmHWM). */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} has ended`);
  return Number(kib) * 1024;
}
