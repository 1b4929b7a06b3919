import { once } from 'node:events';

import { spawnTied } from '#support/tied-process.js';
import { type VethPair, framesSent } from '#support/veth.js';

export interface TrafficOptions {
  /** A capture file; its frames are sent again and again. */
  readonly file: string;
  readonly packets: number;
  /** Packets/s, sent in a burst each millisecond; 'flat out' as fast as it goes. */
  readonly rate: number | 'flat out';
  readonly signal: AbortSignal;
}

/** Has tcpreplay send frames; how many it has sent, by the kernel's own counter, and at what rate. */
export async function sendTraffic(
  veth: VethPair,
  { file, packets, rate, signal }: TrafficOptions,
): Promise<{ readonly packets: number; readonly packetsPerSecond: number }> {
  const pace =
    rate === 'flat out'
      ? ['--topspeed']
      : ['--timer=nano', `--pps=${rate}`, `--pps-multi=${Math.max(1, Math.floor(rate / 1000))}`];
  const before = await framesSent(veth);
  const said = await run(
    [
      ...['ip', 'netns', 'exec', veth.namespace],
      ...['tcpreplay', '--preload-pcap', '--no-flow-stats', '--loop=0', `--limit=${packets}`],
      ...[...pace, '--intf1', veth.peer, file],
    ],
    signal,
  );
  const sent = (await framesSent(veth)) - before;
  const achieved = /Rated:.* ([\d.]+) pps/.exec(said)?.[1];
  if (achieved === undefined) throw new Error(`tcpreplay said no rate:\n${said}`);
  return { packets: sent, packetsPerSecond: Number(achieved) };
}

async function run(command: readonly string[], signal: AbortSignal): Promise<string> {
  const child = spawnTied(command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    if (status !== 0) throw new Error(`${command.join(' ')}: status ${status}\n${said}`);
    return said;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
