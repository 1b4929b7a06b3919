import { repository } from './repository.js';
import { runCommand } from './run-command.js';
import type { FloodOptions } from './traffic.js';
import { framesSent, type VethPair } from './veth.js';

/**
 * As flood() sends, at rates that tcpreplay does not reach: numbered frames from 0 on. A machine too slow for the rate
 * sends as many, later. Says how many the interface has sent, by the kernel's own counter, and at what rate.
 */
export async function fastFlood(
  veth: VethPair,
  { packetsPerSecond, frameBytes, seconds }: Omit<FloodOptions, 'frame'>,
): Promise<{ readonly packets: number; readonly packetsPerSecond: number }> {
  const packets = Math.round(packetsPerSecond * seconds);
  const before = await framesSent(veth);
  const said = await runCommand(
    ...(['ip', 'netns', 'exec', veth.namespace, 'python3'] as const),
    ...[`${repository}test/support/fast-sender.py`, veth.peer],
    ...[packets, packetsPerSecond, frameBytes].map(String),
  );
  const sent = (await framesSent(veth)) - before;
  const [, took] = said.split(' ').map(Number);
  if (sent !== packets || !took) throw new Error(`sent ${sent} of ${packets} frames: ${said}`);
  return { packets: sent, packetsPerSecond: sent / took };
}
