import {
  NOTHING_COUNTED,
  type ByCause,
  type SinkCounters,
  type SourceCounters,
  type StageCounters,
} from './contracts.js';

/** The account of a run, with the field names of its json record. Packets, unless the name says otherwise. */
export interface Summary {
  readonly packets_in: number;
  readonly packets_out: number;
  readonly packets_failed: number;
  readonly packets_filtered: number;
  readonly packets_skipped: number;
  readonly packets_spooled: number;
  /** Neither in nor out yet; 0 at the end. */
  readonly packets_under_way: number;
  readonly dropped_kernel: number;
  readonly dropped_interface: number;
  /** Packets of which the snapshot length cut something off. */
  readonly cut: number;
  readonly time_from_kafka: number;
  /** Message headers that were ignored, since their value made no sense. */
  readonly bad_headers: number;
  /** Messages that Kafka deleted before they were read; never taken in. */
  readonly deleted_unread: number;
  /** Packets of the time range that were found outside its slack, where there are such. */
  readonly outside_slack?: number;
  readonly rounded_times: number;
  /** Packets that went out without the names of their interface and host. */
  readonly lost_names: number;
  /** Captured bytes. */
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly duration_s: number;
  readonly failed_by_cause: ByCause;
  readonly skipped_by_cause: ByCause;
  /** Folder of the spool, if there is one. */
  readonly spool?: string;
  /** All that is loss; no part of the record. */
  readonly lost: number;
}

/** Cause of failure of packets that the kernel still had when the run gave up. */
const ABANDONED = "left in the kernel's buffer at the drain timeout";

export interface RunCounters {
  readonly source: SourceCounters;
  readonly stages: readonly StageCounters[];
  readonly sink: SinkCounters;
  /** Packets that the source gave. */
  readonly taken: number;
  readonly takenBytes: number;
  readonly durationMs: number;
  /** Cause of failure of the packets that are neither in nor out yet; undefined leaves them uncounted. */
  readonly unsettled?: string | undefined;
}

/** The account of a run that has not begun. */
export const NOTHING_MOVED: Summary = summarize({
  source: NOTHING_COUNTED,
  stages: [],
  sink: { out: 0, bytesOut: 0, failed: {}, unusable: {} },
  taken: 0,
  takenBytes: 0,
  durationMs: 0,
});

/** Adds up: packets_in = out + failed + filtered + skipped + spooled, once the run has ended. */
export function summarize(run: RunCounters): Summary {
  const { source, stages, sink } = run;
  const sum = (field: 'filtered' | 'returned' | 'returnedBytes') =>
    stages.reduce((n, stage) => n + stage[field], 0);
  const unusable = Object.assign(
    {},
    source.unusable,
    ...stages.map((stage) => stage.unusable),
    sink.unusable,
  ) as ByCause;
  const spooled = sink.spool?.waiting ?? 0;
  const takenUp = sink.spool?.takenUp ?? { packets: 0, bytes: 0 };
  const packetsIn =
    run.taken +
    source.abandoned +
    takenUp.packets -
    sum('returned') +
    total(source.skipped) +
    total(source.unusable);
  const filtered = sum('filtered');
  const lostInSkipped = total(unusable);
  const skipped = total(source.skipped) + lostInSkipped;
  const failedByNow = { ...sink.failed, [ABANDONED]: source.abandoned };
  const settled = sink.out + total(failedByNow) + filtered + skipped + spooled;
  const failures = {
    ...failedByNow,
    ...(run.unsettled === undefined ? {} : { [run.unsettled]: packetsIn - settled }),
  };
  const failed = total(failures);
  return {
    packets_in: packetsIn,
    packets_out: sink.out,
    packets_failed: failed,
    packets_filtered: filtered,
    packets_skipped: skipped,
    packets_spooled: spooled,
    packets_under_way: run.unsettled === undefined ? packetsIn - settled : 0,
    dropped_kernel: source.droppedKernel,
    dropped_interface: source.droppedInterface,
    cut: stages.reduce((n, stage) => n + (stage.cut ?? 0), source.cut),
    time_from_kafka: source.timeFromKafka,
    bad_headers: source.badHeaders,
    deleted_unread: source.deletedUnread,
    ...(source.outsideSlack !== undefined && { outside_slack: source.outsideSlack }),
    rounded_times: sink.roundedTimes ?? 0,
    lost_names: sink.lostNames ?? 0,
    bytes_in: run.takenBytes + source.abandonedBytes + takenUp.bytes - sum('returnedBytes'),
    bytes_out: sink.bytesOut,
    duration_s: Math.round(run.durationMs) / 1000,
    failed_by_cause: nonZero(failures),
    skipped_by_cause: nonZero({ ...source.skipped, ...unusable }),
    ...(sink.spool && { spool: sink.spool.where }),
    lost:
      failed +
      lostInSkipped +
      source.droppedKernel +
      source.droppedInterface +
      source.deletedUnread,
  };
}

/** The summary for programs, as the log has it. */
export function summaryRecord(summary: Summary): Omit<Summary, 'lost'> {
  const record = { ...summary };
  Reflect.deleteProperty(record, 'lost');
  return record;
}

/** The summary for people, a line each. */
export function summaryLines(summary: Summary): string[] {
  const lines = [`'${summary.packets_in}' packet(s) in, '${summary.packets_out}' packet(s) out`];
  const add = (count: number, what: string) => {
    if (count > 0) lines.push(`'${count}' packet(s) ${what}`);
  };
  add(summary.dropped_kernel, 'dropped by the kernel: its buffer was full (-B, -f and -s help)');
  add(summary.dropped_interface, 'dropped by the interface');
  add(summary.deleted_unread, 'deleted in Kafka before they were read');
  for (const [cause, count] of Object.entries(summary.failed_by_cause))
    add(count, `failed: ${cause}`);
  add(summary.packets_filtered, 'filtered out');
  for (const [cause, count] of Object.entries(summary.skipped_by_cause))
    add(count, `skipped: ${cause}`);
  add(
    summary.packets_spooled,
    `wait in ${summary.spool ?? ''}: the next run with this --spool sends them`,
  );
  add(summary.cut, 'cut by the snapshot length (-s)');
  add(summary.time_from_kafka, 'took their time from Kafka: their key held none');
  add(
    summary.outside_slack ?? 0,
    'of the range lay outside its slack: --slack all finds the others',
  );
  add(summary.rounded_times, 'lost their nanoseconds: -F nsecpcap and -F pcapng keep them');
  add(summary.lost_names, 'lost the names of their interface and host: there were too many names');
  if (summary.bad_headers > 0)
    lines.push(`'${summary.bad_headers}' header(s) with a bad value ignored`);
  return lines;
}

function total(counts: ByCause): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function nonZero(counts: ByCause): ByCause {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
