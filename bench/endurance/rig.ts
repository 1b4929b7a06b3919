import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { KcapRun } from '#support/kcap-run.js';
import { DISTINCT_FRAMES, numberedFrame } from '#support/numbered-frames.js';
import { pcapFile } from '#support/pcap-file.js';
import type { VethPair } from '#support/veth.js';
import { sendTraffic } from '../rig/traffic.js';

export const PACKETS_PER_SECOND = 20_000;
const FRAME_BYTES = 200;

/** The topic keeps the last half gigabyte: the last two minutes, which its readers have long read. */
export const KEPT = { 'retention.bytes': String(512 << 20), 'segment.bytes': String(64 << 20) };

export interface EnduranceOptions {
  readonly brokers: string;
  /** For temporary files. */
  readonly folder: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Sends numbered frames at a steady rate for so long; `over` is aborted when all are sent. */
export async function beginTraffic(
  veth: VethPair,
  { folder, seconds, signal }: Pick<EnduranceOptions, 'folder' | 'seconds' | 'signal'>,
): Promise<{ readonly sent: ReturnType<typeof sendTraffic>; readonly over: AbortSignal }> {
  const file = path.join(folder, 'frames.pcap');
  const packets = Array.from({ length: DISTINCT_FRAMES }, (_, number) => ({
    ...{ seconds: 0, fraction: 0 },
    frame: numberedFrame(number, FRAME_BYTES),
  }));
  await writeFile(file, pcapFile({ packets }));
  signal.throwIfAborted();
  const over = new AbortController();
  const count = Math.round(PACKETS_PER_SECOND * seconds);
  const sent = sendTraffic(veth, {
    ...{ file, packets: count, rate: PACKETS_PER_SECOND, signal },
  }).finally(() => {
    over.abort();
  });
  // The caller awaits it; until then, a failure only ends what goes on meanwhile.
  sent.catch(() => undefined);
  return { sent, over: over.signal };
}

/** Whether the time has passed; false where it was cut short. */
export async function slept(ms: number, cut: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: cut });
    return true;
  } catch {
    return false;
  }
}

export async function end(run: KcapRun): Promise<void> {
  run.signal('SIGTERM');
  const { status, signal } = await run.exit;
  if (status !== 0) console.error(`ended with ${signal ?? `status ${status}`}:\n${run.stderr}`);
}
