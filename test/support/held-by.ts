import { readdir, readlink } from 'node:fs/promises';

/** What a process holds: descriptors and threads. Other kcaps on the host list their connections where it looks. */
export async function heldBy(pid: number): Promise<{ descriptors: number; threads: number }> {
  const fds = await readdir(`/proc/${pid}/fd`);
  const files = await Promise.all(
    fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => undefined)),
  );
  const own = files.filter((file) => file && !/^\/dev\/shm\/kcap-\d+\/\d+\.\d/.test(file));
  return { descriptors: own.length, threads: (await readdir(`/proc/${pid}/task`)).length };
}
