import type { Account } from '../pipeline/account.js';
import { lost } from '../pipeline/summary.js';
import { statusLine } from './status-line.js';

/** Counts along on the terminal, as dumpcap does. */
export class Progress {
  show(account: Account): void {
    const packets = lost(account);
    const loss = packets > 0 ? `, '${packets}' lost` : '';
    statusLine.show(`'${account.in.packets}' in, '${account.out.packets}' out${loss} `);
  }

  hide(): void {
    statusLine.show('');
  }
}
