import type { Summary } from '../pipeline/summary.js';
import { statusLine } from './status-line.js';

const UPDATE_MS = 500;

/** Counts along on the terminal, as dumpcap does, until the returned function is called. */
export function showProgress(summary: () => Summary): () => void {
  const timer = setInterval(() => {
    statusLine.show(progressText(summary()));
  }, UPDATE_MS);
  return () => {
    clearInterval(timer);
    statusLine.show('');
  };
}

function progressText(now: Summary): string {
  const lost = now.dropped_kernel + now.dropped_interface + now.packets_failed;
  return `'${now.packets_in}' in, '${now.packets_out}' out${lost > 0 ? `, '${lost}' lost` : ''} `;
}
