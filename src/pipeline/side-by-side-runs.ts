import { EMPTY_ACCOUNT, type Account, type MessageAccount } from './account.js';
import { added } from './total-account.js';

/**
 * The account of runs that share the packets of the same interfaces: each packet and each message is one's alone, and
 * ends and reporters of the same name are parts of one.
 */
export function togetherRuns(accounts: readonly Account[]): Account {
  const total = accounts.reduce(added, EMPTY_ACCOUNT);
  const messages = total.messages && togetherMessages(total.messages, accounts);
  return {
    ...total,
    beside: {
      ...total.beside,
      // The interface says the same number to each of them.
      dropped_interface: largest(accounts, ({ beside }) => beside.dropped_interface),
    },
    ...(messages && { messages }),
  };
}

function togetherMessages(total: MessageAccount, accounts: readonly Account[]): MessageAccount {
  const held = accounts.map(({ messages }) => messages?.fragmentsHeld ?? 0);
  return {
    ...total,
    fragmentsHeld: held.reduce((sum, fragments) => sum + fragments, 0),
    ...(total.media && {
      media: {
        ...total.media,
        // All of them know all calls.
        forgottenCalls: largest(accounts, ({ messages }) => messages?.media?.forgottenCalls),
      },
    }),
  };
}

function largest(
  accounts: readonly Account[],
  numberOf: (account: Account) => number | undefined,
): number {
  return Math.max(0, ...accounts.map((account) => numberOf(account) ?? 0));
}
