import type { Account } from '../pipeline/account.js';
import { lost } from '../pipeline/summary.js';
import { statusLine } from './status-line.js';

/** Counts along on the terminal, as dumpcap does. */
export function showProgress(account: Account): void {
  statusLine.show(progressText(account));
}

export function hideProgress(): void {
  statusLine.show('');
}

/** Includes in `lost` whatever the summary will call lost. */
export function progressText(account: Account): string {
  const packets = lost(account);
  const loss = packets > 0 ? `, '${packets}' lost` : '';
  return `'${account.in.packets}' in, '${account.out.packets}' out${loss} `;
}
