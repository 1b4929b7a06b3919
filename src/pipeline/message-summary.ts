import {
  packetsWithFate,
  underWay,
  withFate,
  type Account,
  type MessageAccount,
} from './account.js';
import { TOO_SLOW } from './contracts.js';

/** What one reporter has done with the messages that it was given. */
interface ReporterCounts {
  readonly messages_in: number;
  readonly messages_out: number;
  readonly messages_filtered: number;
  readonly messages_failed: number;
  /** A reporter that must not hold up the run was too slow for them. */
  readonly messages_dropped: number;
  /** On disk for a later run, where there is a spool. */
  readonly messages_spooled?: number;
  /** Neither in nor out yet; 0 at the end. */
  readonly messages_under_way: number;
  /** As they are sent. */
  readonly message_bytes_out: number;
  readonly messages_failed_by_cause: Readonly<Record<string, number>>;
}

/** Of the messages of a run, with the field names of json records. The first reporter's are the run's. */
export interface MessageCounts extends ReporterCounts {
  readonly not_sip: number;
  readonly malformed: number;
  readonly fragments_merged: number;
  readonly reassembly_timeouts: number;
  /** Where media is reported: packets among the messages, and calls that were too many to be known. */
  readonly rtp_packets?: number;
  readonly rtcp_packets?: number;
  readonly calls_forgotten?: number;
  readonly reporters: Readonly<Record<string, ReporterCounts>>;
}

/** Adds up: messages_in = out + filtered + failed + dropped + spooled + under way. */
export function summarizeMessages(messages: MessageAccount): MessageCounts {
  const { found, filtered, reporters } = messages;
  const counted = [...reporters].map(([name, account]) => [name, reporterCounts(account)] as const);
  const first = counted[0]?.[1] ?? reporterCounts(undefined);
  return {
    ...first,
    messages_in: found,
    messages_filtered: first.messages_filtered + filtered,
    not_sip: messages.notSip,
    malformed: messages.malformed,
    fragments_merged: messages.fragmentsMerged,
    reassembly_timeouts: messages.reassemblyTimeouts,
    ...(messages.media && {
      rtp_packets: messages.media.rtp,
      rtcp_packets: messages.media.rtcp,
      calls_forgotten: messages.media.forgottenCalls,
    }),
    reporters: Object.fromEntries(counted),
  };
}

/** Of one reporter, with the field names of json records. */
export function reporterCounts(account: Account | undefined): ReporterCounts {
  const failed = account ? withFate(account, 'failed') : [];
  const dropped = failed.find(({ cause }) => cause.id === TOO_SLOW.id)?.packets ?? 0;
  const spooled = account ? packetsWithFate(account, 'spooled') : 0;
  const others = failed.filter(({ cause }) => cause.id !== TOO_SLOW.id);
  return {
    messages_in: account?.in.packets ?? 0,
    messages_out: account?.out.packets ?? 0,
    messages_filtered: account ? packetsWithFate(account, 'filtered') : 0,
    messages_failed: others.reduce((total, { packets }) => total + packets, 0),
    messages_dropped: dropped,
    ...(spooled > 0 && { messages_spooled: spooled }),
    messages_under_way: account ? underWay(account).packets : 0,
    message_bytes_out: account?.out.bytes ?? 0,
    messages_failed_by_cause: Object.fromEntries(
      others.map(({ cause, packets }) => [cause.id, packets]),
    ),
  };
}

/** Messages that were lost, on the way to any of the reporters. */
export function lostMessages({ reporters }: MessageAccount): number {
  let lost = 0;
  for (const { outcomes } of reporters.values())
    for (const { cause, packets } of outcomes.values()) if (cause.loss) lost += packets;
  return lost;
}

/** The account for people, a line each; what a reporter has done begins with its name where there are several. */
export function messageLines(messages: MessageAccount): string[] {
  const { found, filtered, reporters } = messages;
  const [first] = reporters.values();
  const lines = [`'${found}' message(s) in, '${first?.out.packets ?? 0}' message(s) out`];
  const remark = (number: number, text: string) => {
    if (number > 0) lines.push(`'${number}' ${text}`);
  };
  remark(messages.media?.rtp ?? 0, 'of them RTP packet(s)');
  remark(messages.media?.rtcp ?? 0, 'of them RTCP packet(s)');
  remark(messages.media?.forgottenCalls ?? 0, 'call(s) forgotten, whose media is not reported');
  remark(filtered, 'message(s) left out by --sip-filter');
  remark(messages.malformed, 'message(s) that begin as SIP, but are malformed');
  remark(messages.notSip, 'payload(s) that are no SIP');
  remark(messages.fragmentsMerged, 'fragment(s) merged into others of their datagrams');
  remark(messages.reassemblyTimeouts, 'datagram(s) of which fragments were missing');
  let isFirst = true;
  for (const [name, account] of reporters) {
    const prefix = reporters.size > 1 ? `${name}: ` : '';
    if (!isFirst) lines.push(`${prefix}'${account.out.packets}' message(s) out`);
    isFirst = false;
    for (const { cause, packets } of account.outcomes.values())
      if (packets > 0) lines.push(`${prefix}'${packets}' message(s) ${cause.text}`);
  }
  return lines;
}
