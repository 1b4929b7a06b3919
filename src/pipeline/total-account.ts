import {
  EMPTY_ACCOUNT,
  sideBySide,
  type Account,
  type MediaCounts,
  type MessageAccount,
  type WorkerCount,
} from './account.js';

/** What a run and the one before it have counted together, each end and each reporter by its name. */
export function added(before: Account, after: Account): Account {
  const { workers, ...total } = sideBySide([before, after]);
  const messages = addedMessages(before.messages, after.messages);
  const branches =
    before.branches || after.branches ? addedByName(before.branches, after.branches) : undefined;
  return {
    ...total,
    ...(workers && { workers: addedWorkers(workers) }),
    ...(messages && { messages }),
    ...(branches && { branches }),
  };
}

function addedMessages(
  before: MessageAccount | undefined,
  after: MessageAccount | undefined,
): MessageAccount | undefined {
  if (!before || !after) return before ?? after;
  const media = addedMedia(before.media, after.media);
  return {
    found: before.found + after.found,
    filtered: before.filtered + after.filtered,
    notSip: before.notSip + after.notSip,
    malformed: before.malformed + after.malformed,
    fragmentsMerged: before.fragmentsMerged + after.fragmentsMerged,
    reassemblyTimeouts: before.reassemblyTimeouts + after.reassemblyTimeouts,
    ...(media && { media }),
    ...(after.fragmentsHeld !== undefined && { fragmentsHeld: after.fragmentsHeld }),
    reporters: addedByName(before.reporters, after.reporters),
  };
}

function addedMedia(
  before: MediaCounts | undefined,
  after: MediaCounts | undefined,
): MediaCounts | undefined {
  if (!before || !after) return before ?? after;
  return {
    rtp: before.rtp + after.rtp,
    rtcp: before.rtcp + after.rtcp,
    forgottenCalls: before.forgottenCalls + after.forgottenCalls,
  };
}

/** The accounts of what is called the same, added. */
export function addedByName(
  before: ReadonlyMap<string, Account> = new Map<string, Account>(),
  after: ReadonlyMap<string, Account> = new Map<string, Account>(),
): ReadonlyMap<string, Account> {
  // In the order of the run that goes on: the first one's account is the run's.
  const names = new Set([...after.keys(), ...before.keys()]);
  return new Map(
    [...names].map((name) => [
      name,
      added(before.get(name) ?? EMPTY_ACCOUNT, after.get(name) ?? EMPTY_ACCOUNT),
    ]),
  );
}

function addedWorkers(counts: readonly WorkerCount[]): WorkerCount[] {
  const byWorker = new Map<string, WorkerCount>();
  for (const count of counts) {
    const key = `${count.worker} ${count.interface}`;
    const before = byWorker.get(key);
    byWorker.set(key, {
      ...count,
      packets_in: count.packets_in + (before?.packets_in ?? 0),
      dropped_kernel: count.dropped_kernel + (before?.dropped_kernel ?? 0),
    });
  }
  return [...byWorker.values()];
}
