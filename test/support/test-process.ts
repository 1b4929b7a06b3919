import { appendFileSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import { COSTS_FILE, type FileCost } from './file-costs.js';
import { givesWay } from './lanes.js';

/** Loaded before each test file (`--import`), in its process. */

/** On Linux: half of what there is to lower. Beside a process of normal priority it leaves a tenth of a processor. */
const LOW_PRIORITY = 10;

const file = process.argv[1];
if (isMainThread && file !== undefined && /\.test\.m?js$/.test(file)) {
  // What the test starts is no test file.
  delete process.env['NODE_OPTIONS'];
  if (givesWay(file)) setPriority(LOW_PRIORITY);
  const costs = process.env[COSTS_FILE];
  if (costs !== undefined) {
    process.once('exit', () => {
      appendFileSync(costs, costLine(file));
    });
  }
}

function costLine(file: string): string {
  const cost: FileCost = { file, wallSeconds: process.uptime(), cpuSeconds: cpuSeconds() };
  return `${JSON.stringify(cost)}\n`;
}

/** User and system time, of this process and of its children that have ended. */
function cpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // What stands behind the name begins with field 3; the times are 14 to 17 (proc_pid_stat(5)), in hundredths.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}
