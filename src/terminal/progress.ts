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

/** @param now includes in `lost` whatever the summary will call lost */
export function progressText(now: Summary): string {
  const { packets_in, packets_out, lost } = now;
  return `'${packets_in}' in, '${packets_out}' out${lost > 0 ? `, '${lost}' lost` : ''} `;
}
