import type { Contender } from './contenders.js';
import type { BrokerCost } from './rig/broker-cost.js';
import type { Finished } from './rig/measured-process.js';
import type { ProcessSample } from './rig/process-sample.js';

/** What became of the packets of a run. */
export interface Packets {
  /** Put on the wire, into the file or into the topic, counted by neither contender. */
  readonly sent: number;
  /** What came out at the other end: in the topic by its watermarks, or in the output. */
  readonly arrived: number;
  readonly lost: number;
  /** Where the contender says it lost them; `unaccounted` is what it says nothing of. */
  readonly droppedByKernel: number;
  readonly failed: number;
  readonly unaccounted: number;
}

/** How long frames took from the wire to a consumer's output. */
export interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A second of a long run. */
export interface SoakSample extends ProcessSample {
  readonly second: number;
  /** Packets in the topic by then. */
  readonly arrived: number;
}

/** What one turn of a contender gave. */
export interface Turn {
  readonly contender: Contender;
  /** What is compared between contenders, in the unit of the case; the smaller the better. None where it failed. */
  readonly figure?: number;
  readonly failure?: string;
  readonly packets?: Packets;
  /** Offered by the sender where packets were captured, reached by the contender, start included, otherwise. */
  readonly packetsPerSecond?: number;
  readonly process?: Finished;
  readonly broker?: BrokerCost;
  readonly latency?: Latency;
  readonly samples?: readonly SoakSample[];
}

/** A turn in its round of a case. */
export interface Run extends Turn {
  readonly round: number;
  /** A turn besides the rounds, with the probe of the event loop: its cost is not compared. */
  readonly probed: boolean;
}

export function packetsOf(sent: number, arrived: number, { account }: Finished): Packets {
  const droppedByKernel = (account.droppedByKernel ?? 0) + (account.droppedByInterface ?? 0);
  const failed = account.failed ?? 0;
  const lost = sent - arrived;
  return {
    sent,
    arrived,
    lost,
    droppedByKernel,
    failed,
    unaccounted: lost - droppedByKernel - failed,
  };
}

/** CPU-seconds, of user and system, for a million packets that arrived. */
export function cpuPerMillion({ cost }: Finished, arrived: number): number {
  return ((cost.userSeconds + cost.systemSeconds) / arrived) * 1e6;
}
