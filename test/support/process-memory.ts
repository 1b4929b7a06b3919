import { readFile } from 'node:fs/promises';

const ARENA_BYTES = 64n * 1024n * 1024n;

/** The most bytes that a process has had in memory at once so far (VmHWM). */
export function peakMemory(pid: number): Promise<number> {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

/** The bytes that a process has in memory now (VmRSS). */
export function residentMemory(pid: number): Promise<number> {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

/**
 * How many arenas the threads of a process have of glibc's, besides the main one: each has 64 MiB of address space, of
 * which a part at the beginning may be used.
 */
export async function arenas(pid: number): Promise<number> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  const reserved = maps.matchAll(
    /^([\da-f]+)-([\da-f]+) rw-p 0+ 00:00 0 *\n\2-([\da-f]+) ---p 0+ 00:00 0 *$/gm,
  );
  return [...reserved].filter(
    ([, begin, , end]) => BigInt(`0x${end}`) - BigInt(`0x${begin}`) === ARENA_BYTES,
  ).length;
}

async function memoryOf(pid: number, field: RegExp): Promise<number> {
  const kib = field.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} has ended`);
  return Number(kib) * 1024;
}
