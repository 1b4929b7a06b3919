import type { Fate } from '#kcap/errors/cause.js';
import { withOutcomes, type Account, type Beside } from '#kcap/pipeline/account.js';
import { Branch } from '#kcap/pipeline/branch.js';
import type { Sink, Source, Stage } from '#kcap/pipeline/contracts.js';
import { PacketRun } from '#kcap/pipeline/packet-run.js';
import { summarize, type Summary } from '#kcap/pipeline/summary.js';

/** What became of packets, in numbers, as tests compare it. */
export interface Ends {
  readonly out: number;
  /** Captured bytes of those that went out. */
  readonly bytesOut: number;
  /** Packets that ended otherwise, by the ids of their causes. */
  readonly ended: Readonly<Record<string, number>>;
}

export function endsOf(part: { account(): Account }): Ends {
  const { out, outcomes } = part.account();
  const ended = [...outcomes.values()].map(({ cause, packets }) => [cause.id, packets] as const);
  return { out: out.packets, bytesOut: out.bytes, ended: Object.fromEntries(ended) };
}

/** An account of these numbers of packets; what of `taken` is nowhere else is under way. */
export function accountWith(
  { taken = 0, out = 0, spooled = 0, failed = 0 },
  beside: Beside = {},
): Account {
  const outcome = (fate: Fate, packets: number) => ({
    cause: { id: fate, fate, loss: fate === 'failed', text: fate },
    packets,
    bytes: 0,
  });
  return withOutcomes(
    {
      ...{ in: { packets: taken, bytes: 0 }, out: { packets: out, bytes: 0 } },
      ...{ outcomes: new Map(), beside },
    },
    [outcome('spooled', spooled), outcome('failed', failed)],
  );
}

/** A run with one end. */
export function packetRun(source: Source, stages: readonly Stage[], sink: Sink): PacketRun {
  return new PacketRun(source, stages, [new Branch({ name: 'hand-written', sink })]);
}

export function summaryOf(run: PacketRun): Summary {
  return summarize(run.account(), run.durationMs);
}
