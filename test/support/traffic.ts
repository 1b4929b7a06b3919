import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { DISTINCT_FRAMES, numberedFrame } from './numbered-frames.js';
import { pcapFile } from './pcap-file.js';
import { runCommand } from './run-command.js';
import { type VethPair, framesSent } from './veth.js';
import { waitFor } from './wait-for.js';

const TRAFFIC_LIMIT_MS = 60_000;

export interface FloodOptions {
  readonly packetsPerSecond: number;
  /** From the link layer on, without the checksum at the end; at least 18. */
  readonly frameBytes: number;
  readonly seconds: number;
  /** The frame of each number; numberedFrame() where it is not given. */
  readonly frame?: (number: number, bytes: number) => Buffer;
}

/** Sends these very frames, in this order, as fast as it goes. A frame is at least an Ethernet header: 14 bytes. */
export async function sendFrames(veth: VethPair, frames: readonly Buffer[]): Promise<void> {
  await replay(veth, frames, frames.length, '--topspeed');
}

/**
 * Sends numbered frames, from 0 on, at an even rate: every millisecond a burst, and a sleep in between, which leaves
 * the processors to what is measured (a busy wait for each packet would take one of them for itself). Says how many it
 * has sent and at what rate; a machine too slow for the rate sends as many, later.
 */
export async function flood(
  veth: VethPair,
  { packetsPerSecond, frameBytes, seconds, frame = numberedFrame }: FloodOptions,
): Promise<{ readonly packets: number; readonly packetsPerSecond: number }> {
  const packets = Math.round(packetsPerSecond * seconds);
  const frames = Array.from({ length: Math.min(packets, DISTINCT_FRAMES) }, (_, number) =>
    frame(number, frameBytes),
  );
  const said = await replay(
    veth,
    frames,
    packets,
    '--timer=nano',
    `--pps=${packetsPerSecond}`,
    `--pps-multi=${Math.max(1, Math.floor(packetsPerSecond / 1000))}`,
  );
  const rate = /Rated:.* ([\d.]+) pps/.exec(said)?.[1];
  if (rate === undefined) throw new Error(`tcpreplay said no rate:\n${said}`);
  return { packets, packetsPerSecond: Number(rate) };
}

/**
 * Waits until so many frames have been sent. Traffic is the clock of tests in which something is to happen a while
 * later.
 */
export async function afterTraffic(veth: VethPair, frames: number): Promise<void> {
  await waitFor(async () => (await framesSent(veth)) >= frames, {
    limitMs: TRAFFIC_LIMIT_MS,
    what: `${frames} frames to be sent`,
  });
}

/** Has tcpreplay send exactly `count` frames, and makes sure with the kernel's own counter that it did. */
async function replay(
  veth: VethPair,
  frames: readonly Buffer[],
  count: number,
  ...pace: readonly string[]
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kcap-replay-'));
  try {
    const file = path.join(folder, 'frames.pcap');
    await writeFile(
      file,
      pcapFile({ packets: frames.map((frame) => ({ seconds: 0, fraction: 0, frame })) }),
    );
    const before = await framesSent(veth);
    const said = await runCommand(
      ...(['ip', 'netns', 'exec', veth.namespace] as const),
      ...['tcpreplay', '--preload-pcap', '--loop=0', `--limit=${count}`, ...pace],
      ...['--intf1', veth.peer, file],
    );
    const sent = (await framesSent(veth)) - before;
    if (sent !== count) throw new Error(`tcpreplay sent ${sent} of ${count} frames:\n${said}`);
    return said;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
