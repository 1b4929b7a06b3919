import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { pcapFile } from '#support/pcap-file.js';
import { repository } from '#support/repository.js';
import { spawnTied } from '#support/tied-process.js';
import type { PrintCase } from '../cases.js';
import type { Contender } from '../contenders.js';
import type { Cost } from '../rig/measured-process.js';
import type { Scope } from '../rig/scope.js';
import type { Turn } from '../run.js';
import type { Session } from '../session.js';

const PACKETS = 1_000_000;

/** One contender prints a capture file to /dev/null: what a million packets cost, without what starting costs. */
export async function printTurn(
  session: Session,
  scope: Scope,
  spec: PrintCase,
  contender: Contender,
): Promise<Turn> {
  const { frames, folder } = session;
  const file = await frames.traffic(spec.traffic, PACKETS);
  const empty = path.join(folder, 'empty.pcap');
  await writeFile(empty, pcapFile({ packets: [] }));
  const start = await costOf(session, scope, commandOf(contender, empty));
  const whole = await costOf(session, scope, commandOf(contender, file));
  const cpuSeconds = cpu(whole) - cpu(start);
  return {
    contender,
    figure: (cpuSeconds / PACKETS) * 1e6,
    packetsPerSecond: PACKETS / (whole.wallSeconds - start.wallSeconds),
  };
}

function commandOf(contender: Contender, file: string): string[] {
  return contender === 'tcpdump'
    ? ['tcpdump', '-n', '-r', file]
    : [process.execPath, `${repository}dist-bench/peers/print-file.js`, file];
}

function cpu({ userSeconds, systemSeconds }: Cost): number {
  return userSeconds + systemSeconds;
}

async function costOf(
  { folder, signal }: Session,
  scope: Scope,
  command: readonly string[],
): Promise<Cost> {
  const costFile = path.join(folder, 'cost-print.json');
  const output = await open('/dev/null', 'w');
  const child = spawnTied([`${repository}dist-bench/limit/measure`, costFile, ...command], {
    stdio: ['ignore', output.fd, 'ignore'],
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill);
  scope.after(() => {
    signal.removeEventListener('abort', kill);
    return Promise.resolve();
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  await output.close();
  if (status !== 0) throw new Error(`${command.join(' ')} ended with status ${status ?? 'none'}`);
  return JSON.parse(await readFile(costFile, 'utf8')) as Cost;
}
