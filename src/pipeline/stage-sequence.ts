import type { PacketBatch } from '../packet/packet-batch.js';
import type { Stage } from './contracts.js';

/** Thrown where the run is asked to end before a batch could be handled: a normal end, and the batch was not taken. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** What the stages, one after the other, make of a batch. Throws Stopped where a stop comes while one gets ready. */
export async function throughStages(
  stages: readonly Stage[],
  batch: PacketBatch,
  requested: AbortSignal,
): Promise<PacketBatch> {
  let passed = batch;
  for (const stage of stages) {
    const ready = stage.prepare?.(passed);
    if (ready) await orStopped(ready, requested);
    passed = stage.apply(passed);
  }
  return passed;
}

/** Waits for the work, but not beyond a stop: then it throws Stopped. */
async function orStopped(work: Promise<void>, requested: AbortSignal): Promise<void> {
  let onStop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    onStop = () => {
      reject(new Stopped());
    };
    if (requested.aborted) onStop();
    requested.addEventListener('abort', onStop, { once: true });
  });
  try {
    await Promise.race([work, stopped]);
  } finally {
    requested.removeEventListener('abort', onStop);
  }
}
