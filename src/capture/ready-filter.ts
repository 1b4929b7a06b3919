import { checkFilter } from './capture-filter.js';
import { withAddresses } from './host-names.js';

/** The expression with the hosts' names looked up. Throws a usage error where it makes no sense for any packets. */
export async function readyFilter(expression: string): Promise<string> {
  const ready = await withAddresses(expression);
  checkFilter(ready);
  return ready;
}
