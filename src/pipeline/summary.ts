import {
  lostMessages,
  messageLines,
  summarizeMessages,
  type MessageCounts,
} from './message-summary.js';
import type { Fate } from '../errors/cause.js';
import {
  otherBranches,
  packetsWithFate,
  underWay,
  withFate,
  type Account,
  type Remark,
  type WorkerCount,
} from './account.js';

/** Packets by the ids of their causes. */
export type ByCause = Readonly<Record<string, number>>;

/** An account with the field names of json records. Packets, unless the name says otherwise. */
interface Counts extends Readonly<Record<Remark, number>> {
  readonly packets_in: number;
  readonly packets_out: number;
  readonly packets_failed: number;
  readonly packets_filtered: number;
  readonly packets_skipped: number;
  readonly packets_spooled: number;
  /** Neither in nor out yet; 0 at the end. */
  readonly packets_under_way: number;
  /** Captured bytes. */
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly failed_by_cause: ByCause;
  readonly skipped_by_cause: ByCause;
  /** What the causes are, for people. */
  readonly causes: Readonly<Record<string, string>>;
}

/** The account of a run. */
export interface Summary extends Counts, Partial<MessageCounts> {
  readonly duration_s: number;
  /** Where messages are what the run is about. */
  readonly filtered_by_cause?: ByCause;
  /** Of a run with several ends, each end's own. */
  readonly branches?: Readonly<Record<string, Counts>>;
  /** Folder of the spool, if there is one. */
  readonly spool?: string;
  /** What each worker has captured, where several share an interface. */
  readonly workers?: readonly WorkerCount[];
}

/** What each remark says of a number of packets, and whether they are lost. */
const REMARKS: Readonly<Record<Remark, { readonly loss: boolean; readonly text: string }>> = {
  dropped_kernel: {
    loss: true,
    text: 'packet(s) dropped by the kernel: its buffer was full (-B, -f and -s help)',
  },
  dropped_interface: { loss: true, text: 'packet(s) dropped by the interface' },
  deleted_unread: { loss: true, text: 'packet(s) deleted in Kafka before they were read' },
  cut: { loss: false, text: 'packet(s) cut by the snapshot length (-s)' },
  time_from_kafka: {
    loss: false,
    text: 'packet(s) took their time from Kafka: their key held none',
  },
  outside_slack: {
    loss: false,
    text: 'packet(s) of the range lay outside its slack: --slack all finds the others',
  },
  rounded_times: {
    loss: false,
    text: 'packet(s) lost their nanoseconds: -F nsecpcap and -F pcapng keep them',
  },
  lost_names: {
    loss: false,
    text: 'packet(s) lost the names of their interface and host: there were too many names',
  },
  bad_headers: { loss: false, text: 'header(s) with a bad value ignored' },
};
const NAMES = Object.keys(REMARKS) as Remark[];

/** Adds up, for the run and for each branch: packets_in = out + failed + filtered + skipped + spooled + under way. */
export function summarize(account: Account, durationMs: number): Summary {
  const { branches, messages, spool, workers } = account;
  const counted = [...(branches ?? [])].map(([name, branch]) => [name, countsOf(branch)] as const);
  return {
    ...countsOf(account),
    duration_s: Math.round(durationMs) / 1000,
    ...(messages && {
      filtered_by_cause: byCause(account, 'filtered'),
      ...summarizeMessages(messages),
    }),
    ...(branches && { branches: Object.fromEntries(counted) }),
    ...(spool !== undefined && { spool }),
    ...(workers && { workers }),
  };
}

function countsOf(account: Account): Counts {
  const { in: taken, out, beside } = account;
  const remarks = NAMES.map((name) => [name, beside[name] ?? 0] as const);
  const named = [...withFate(account, 'failed'), ...withFate(account, 'skipped')];
  return {
    packets_in: taken.packets,
    packets_out: out.packets,
    packets_failed: packetsWithFate(account, 'failed'),
    packets_filtered: packetsWithFate(account, 'filtered'),
    packets_skipped: packetsWithFate(account, 'skipped'),
    packets_spooled: packetsWithFate(account, 'spooled'),
    packets_under_way: underWay(account).packets,
    ...(Object.fromEntries(remarks) as Record<Remark, number>),
    bytes_in: taken.bytes,
    bytes_out: out.bytes,
    failed_by_cause: byCause(account, 'failed'),
    skipped_by_cause: byCause(account, 'skipped'),
    causes: Object.fromEntries(named.map(({ cause }) => [cause.id, cause.text])),
  };
}

/** Packets and messages that were lost, on the way to any of the ends. */
export function lost(account: Account): number {
  const { outcomes, beside } = account;
  let packets = 0;
  for (const outcome of outcomes.values()) if (outcome.cause.loss) packets += outcome.packets;
  for (const name of NAMES) if (REMARKS[name].loss) packets += beside[name] ?? 0;
  if (account.messages) packets += lostMessages(account.messages);
  return otherBranches(account).reduce((total, [, branch]) => total + lost(branch), packets);
}

/** The account for people, a line each; those of further branches begin with the branch's name. */
export function summaryLines(account: Account): string[] {
  const { in: taken, out, beside, workers = [] } = account;
  const lines = [`'${taken.packets}' packet(s) in, '${out.packets}' packet(s) out`];
  const remark = (loss: boolean) => {
    for (const name of NAMES) {
      const number = beside[name] ?? 0;
      if (REMARKS[name].loss === loss && number > 0)
        lines.push(`'${number}' ${REMARKS[name].text}`);
    }
  };
  const outcomes = (fate: Fate, prefix: string) => {
    for (const { cause, packets } of withFate(account, fate))
      lines.push(`'${packets}' packet(s) ${prefix}${cause.text}`);
  };
  remark(true);
  outcomes('failed', 'failed: ');
  outcomes('filtered', '');
  outcomes('skipped', 'skipped: ');
  outcomes('spooled', '');
  remark(false);
  for (const { worker, interface: name, packets_in, dropped_kernel } of workers)
    lines.push(
      `'${packets_in}' packet(s) in by worker ${worker} of ${name}, '${dropped_kernel}' dropped by the kernel`,
    );
  if (account.messages) lines.push(...messageLines(account.messages));
  for (const [name, branch] of otherBranches(account))
    lines.push(...summaryLines(branch).map((line) => `${name}: ${line}`));
  return lines;
}

function byCause(account: Account, fate: Fate): ByCause {
  return Object.fromEntries(
    withFate(account, fate).map(({ cause, packets }) => [cause.id, packets]),
  );
}
