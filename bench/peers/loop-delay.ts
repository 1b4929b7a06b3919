import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into kcap with `node --import`: writes how late its event loop was into the file that BENCH_LOOP_DELAY_FILE
 * names. Again and again, because kcap ends without Node's own clean-up. SIGUSR2 begins anew, so that the start does
 * not count.
 */
const RESOLUTION_MS = 10;
const WRITE_EVERY_MS = 100;

const file = process.env['BENCH_LOOP_DELAY_FILE'];
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('SIGUSR2', () => {
    delay.reset();
  });
  const timer = setInterval(() => {
    if (delay.count === 0) return;
    // It counts from one of its timers to the next, so the resolution is part of it.
    const p99Ms = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    writeFileSync(`${file}.new`, JSON.stringify({ p99Ms, samples: delay.count }));
    renameSync(`${file}.new`, file);
  }, WRITE_EVERY_MS);
  timer.unref();
}
