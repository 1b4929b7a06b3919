import type { Cause } from '../errors/cause.js';
import { frameBytes, type PacketBatch } from '../packet/packet-batch.js';

/** A number of packets, and their captured bytes as far as they are known. */
export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** Packets that ended otherwise than by going out. */
export interface Outcome extends Count {
  readonly cause: Cause;
}

/** What is counted beside the packets' ways: losses before they came, and remarks on those that went on. */
export type Remark =
  /** Packets that the kernel dropped since its buffer was full, as pcap_stats counts them. */
  | 'dropped_kernel'
  /** Packets that the interface or its driver dropped. */
  | 'dropped_interface'
  /** Packets of which the snapshot length cut something off. */
  | 'cut'
  /** Messages that Kafka deleted before they were read. */
  | 'deleted_unread'
  /** Packets whose time is the message's, since the key held none. */
  | 'time_from_kafka'
  /** Packets of the time range that is read, found further off than its slack: there may be others. */
  | 'outside_slack'
  /** Headers of known names whose values made no sense; they were ignored. */
  | 'bad_headers'
  /** Packets whose times lost nanoseconds that nobody had asked to drop. */
  | 'rounded_times'
  /** Packets that went out without the names of their interface and host, since there were too many names. */
  | 'lost_names';

export type Beside = Readonly<Partial<Record<Remark, number>>>;

/**
 * What went through a source, a stage, a sink or a run. Every packet that went in is out, in one of the outcomes or
 * still under way.
 */
export interface Account {
  readonly in: Count;
  readonly out: Count;
  /** By the causes' ids. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly beside: Beside;
  /** Folder of the packets that are `spooled`, if there is one. */
  readonly spool?: string;
  /** What each worker has captured, where several share an interface. */
  readonly workers?: readonly WorkerCount[];
  /** What each of several sources has given, by its name. */
  readonly sources?: ReadonlyMap<string, Count>;
  /** Of the messages in the packets, where they are what the run is about. */
  readonly messages?: MessageAccount;
  /** A run's with several ends: the account of each by its name. The first one's is also part of the run's. */
  readonly branches?: ReadonlyMap<string, Account>;
}

/** What became of the messages that were found in packets. In its reporters' accounts messages are counted, not packets. */
export interface MessageAccount {
  readonly found: number;
  /** Left out by a filter on messages. */
  readonly filtered: number;
  /** Payloads that are no such message, and messages that are invalid: neither was `found`. */
  readonly notSip: number;
  readonly malformed: number;
  /** Packets less datagrams that were put together of them, and datagrams of which pieces were missing. */
  readonly fragmentsMerged: number;
  readonly reassemblyTimeouts: number;
  /** Where media of the calls is reported: its packets are among what was `found`. */
  readonly media?: MediaCounts;
  /** Fragments that wait for others of their datagrams. */
  readonly fragmentsHeld?: number;
  /** Each one's, by its name. The first is what the run is for. */
  readonly reporters: ReadonlyMap<string, Account>;
}

/** Of the media of calls. */
export interface MediaCounts {
  readonly rtp: number;
  readonly rtcp: number;
  /** Calls whose media was not known any more, since there were too many. */
  readonly forgottenCalls: number;
}

/** Packets of one of the captures that share an interface, with the field names of the json record. */
export interface WorkerCount {
  readonly interface: string;
  /** From 1 on. */
  readonly worker: number;
  readonly packets_in: number;
  readonly dropped_kernel: number;
}

const NONE: Count = { packets: 0, bytes: 0 };

/** Of a part to which nothing has come. */
export const EMPTY_ACCOUNT: Account = { in: NONE, out: NONE, outcomes: new Map(), beside: {} };

/** What is neither out nor settled otherwise. */
export function underWay({ in: taken, out, outcomes }: Account): Count {
  let { packets, bytes } = { packets: taken.packets - out.packets, bytes: taken.bytes - out.bytes };
  for (const outcome of outcomes.values()) {
    packets -= outcome.packets;
    bytes -= outcome.bytes;
  }
  return { packets, bytes };
}

/** What has ended with one fate, by cause. */
export function withFate({ outcomes }: Account, fate: Cause['fate']): Outcome[] {
  return [...outcomes.values()].filter(({ cause, packets }) => cause.fate === fate && packets > 0);
}

export function packetsWithFate(account: Account, fate: Cause['fate']): number {
  return withFate(account, fate).reduce((total, { packets }) => total + packets, 0);
}

export function countOf(batch: PacketBatch): Count {
  return { packets: batch.count, bytes: frameBytes(batch) };
}

/** The account that a part keeps of itself. */
export class Tally {
  #in = NONE;
  #out = NONE;
  readonly #outcomes = new Map<string, Outcome>();

  /** Packets came in. */
  take(count: Count): void {
    this.#in = sum(this.#in, count);
  }

  /** Packets of those that came in were not taken after all: their giver still has them. */
  giveBack(count: Count): void {
    this.#in = difference(this.#in, count);
  }

  /**
   * Packets came in and are under way, and nothing else is, while `work` counts what becomes of them. Where it fails, the
   * rest was not taken.
   */
  async during(count: Count, work: () => Promise<void>): Promise<void> {
    this.take(count);
    try {
      await work();
    } catch (error) {
      this.giveBack(underWay(this.account()));
      throw error;
    }
  }

  /** Packets of those that came in went out. */
  pass(count: Count): void {
    this.#out = sum(this.#out, count);
  }

  /** Packets came in and went out at once. */
  give(count: Count): void {
    this.take(count);
    this.pass(count);
  }

  /** Packets of those that came in ended otherwise. */
  settle(cause: Cause, count: Count): void {
    if (count.packets === 0) return;
    this.#outcomes.set(cause.id, { cause, ...sum(this.#outcomes.get(cause.id) ?? NONE, count) });
  }

  account(beside: Beside = {}): Account {
    return { in: this.#in, out: this.#out, outcomes: new Map(this.#outcomes), beside };
  }
}

/** The same account with more outcomes. Equal causes add up. */
export function withOutcomes(account: Account, more: Iterable<Outcome>): Account {
  const outcomes = new Map(account.outcomes);
  for (const { cause, ...count } of more)
    if (count.packets > 0)
      outcomes.set(cause.id, { cause, ...sum(outcomes.get(cause.id) ?? NONE, count) });
  return { ...account, outcomes };
}

/** The account at the end: what is still under way has this outcome. */
export function settled(account: Account, cause: Cause): Account {
  const { messages } = account;
  const ended: Account = {
    ...withOutcomes(account, [{ cause, ...underWay(account) }]),
    ...(messages && { messages: settledMessages(messages, cause) }),
  };
  if (!account.branches) return ended;
  const branches = [...account.branches].map(
    ([name, branch]) => [name, settled(branch, cause)] as const,
  );
  return { ...ended, branches: new Map(branches) };
}

function settledMessages(messages: MessageAccount, cause: Cause): MessageAccount {
  const reporters = [...messages.reporters].map(
    ([name, reporter]) => [name, settled(reporter, cause)] as const,
  );
  return { ...messages, reporters: new Map(reporters) };
}

/** The accounts of the branches after the first, which no counter of the run's includes. */
export function otherBranches({ branches }: Account): (readonly [name: string, Account])[] {
  return [...(branches ?? [])].slice(1);
}

/** The same account with more packets that came in, and ended. */
export function withEnded(account: Account, more: readonly Outcome[]): Account {
  return withOutcomes({ ...account, in: more.reduce(sum, account.in) }, more);
}

/** The account of several parts that work side by side, such as captures. */
export function sideBySide(accounts: readonly Account[]): Account {
  return {
    in: accounts.reduce((total, account) => sum(total, account.in), NONE),
    out: accounts.reduce((total, account) => sum(total, account.out), NONE),
    ...joined(accounts),
  };
}

/**
 * The account of parts that packets go through one after the other. What the last one took, and what ended before it, is
 * what was taken: a part may give packets back to the one before it.
 */
export function inSequence(before: readonly Account[], last: Account): Account {
  const ended = before.flatMap(({ outcomes }) => [...outcomes.values()]);
  return {
    in: ended.reduce(sum, last.in),
    out: last.out,
    ...joined([...before, last]),
  };
}

function joined(
  accounts: readonly Account[],
): Pick<Account, 'outcomes' | 'beside' | 'spool' | 'workers' | 'sources' | 'messages'> {
  const beside: Partial<Record<Remark, number>> = {};
  for (const account of accounts)
    for (const [remark, number] of Object.entries(account.beside) as [Remark, number][])
      beside[remark] = (beside[remark] ?? 0) + number;
  const all = accounts.flatMap(({ outcomes }) => [...outcomes.values()]);
  const { outcomes } = withOutcomes(EMPTY_ACCOUNT, all);
  const spool = accounts.find((account) => account.spool !== undefined)?.spool;
  const workers = accounts.flatMap((account) => account.workers ?? []);
  const sources = new Map<string, Count>();
  for (const [name, count] of accounts.flatMap((account) => [...(account.sources ?? [])]))
    sources.set(name, sum(sources.get(name) ?? NONE, count));
  const messages = accounts.find((account) => account.messages)?.messages;
  return {
    outcomes,
    beside,
    ...(messages && { messages }),
    ...(spool !== undefined && { spool }),
    ...(workers.length > 0 && { workers }),
    ...(sources.size > 0 && { sources }),
  };
}

export function sum(a: Count, b: Count): Count {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

/** What is in the first and not in the second. */
export function difference(a: Count, b: Count): Count {
  return { packets: a.packets - b.packets, bytes: a.bytes - b.bytes };
}
