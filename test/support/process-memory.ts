import { readFile } from 'node:fs/promises';

/** The most bytes that a process has had in memory at once so far (VmHWM). */
export function peakMemory(pid: number): Promise<number> {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

/** The bytes that a process has in memory now (VmRSS). */
export function residentMemory(pid: number): Promise<number> {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

async function memoryOf(pid: number, field: RegExp): Promise<number> {
  const kib = field.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} has ended`);
  return Number(kib) * 1024;
}
