import { readdir, readFile } from 'node:fs/promises';

const TICKS_PER_S = 100;

/** Processor seconds that the threads of a process whose names begin so have taken so far. */
export async function threadSeconds(pid: number, name: string): Promise<number> {
  const tasks = `/proc/${pid}/task`;
  let ticks = 0;
  for (const id of await readdir(tasks)) {
    const stat = await readFile(`${tasks}/${id}/stat`, 'utf8').catch(() => '');
    if (!stat.slice(stat.indexOf('(') + 1).startsWith(name)) continue;
    // What stands behind the name begins with field 3; user and system time are 14 and 15 (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_S;
}
