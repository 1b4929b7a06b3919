import type { ClientFacts } from './client-facts.js';
import { problemOf, type Problem } from './connection-problem.js';
import {
  LARGER_THAN_CLIENT_TAKES,
  LARGER_THAN_TOPIC_TAKES,
  NOT_DELIVERED_IN_TIME,
  TIME_REFUSED,
  type DeliveryFailure,
} from './delivery-cause.js';
import { headerBytes } from './message-headers.js';

/** What remedies for single packets are about. */
export interface SendingFacts {
  readonly client: ClientFacts;
  /** The topic's settings by their names; empty where they may not be seen. */
  readonly topicSettings: Readonly<Record<string, string>>;
  /** message.max.bytes of the client. */
  readonly messageBytes: number;
  /** Which time messages carry. */
  readonly timestamp: 'packet' | 'now';
  /** What is sent: packets can be cut, and stamped with the time of sending. */
  readonly sends: 'packets' | 'messages';
  /** Of every message. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Of a request's batch and a message in it that has neither value nor headers, at least. */
const FRAMING_BYTES = 70;

/** A packet that far from this machine's clock has its time from elsewhere, in ms. */
const FAR_MS = 60_000;

/** Why packets were not delivered, with what to do about it. */
export function undeliveredProblem(
  { cause: { id, text }, timeMs }: Omit<DeliveryFailure, 'packets'>,
  facts: SendingFacts,
): Problem {
  if (id === LARGER_THAN_CLIENT_TAKES)
    return {
      cause: `${text} (${facts.messageBytes})`,
      remedy: `${shortening(facts, facts.messageBytes)}raise -X message.max.bytes`,
    };
  if (id === LARGER_THAN_TOPIC_TAKES)
    return {
      cause: `larger than the topic takes (${setting('max.message.bytes', facts)})`,
      remedy: `${shortening(facts, Number(facts.topicSettings['max.message.bytes']))}raise max.message.bytes of the topic`,
    };
  if (id === TIME_REFUSED && timeMs !== undefined) return timeProblem(text, timeMs, facts);
  // What was wrong with the connection was said with its remedy when it was.
  if (id === NOT_DELIVERED_IN_TIME) return { cause: text, remedy: undefined };
  return problemOf(text, facts.client);
}

/**
 * The same for the log.
 *
 * @param before how many packets had failed for this cause when it was last said; undefined where it never was
 */
export function undeliveredText(
  failure: DeliveryFailure,
  before: number | undefined,
  facts: SendingFacts,
): string {
  const { cause, remedy } = undeliveredProblem(failure, facts);
  const what =
    before === undefined
      ? `${facts.sends} are not delivered`
      : `${failure.packets - before} more ${facts.sends === 'packets' ? 'packet(s)' : 'message(s)'} not delivered`;
  return `${what}: ${cause}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** What makes a message shorter that may have so many bytes, where something does; NaN where that is not known. */
function shortening({ headers, sends }: SendingFacts, limitBytes: number): string {
  if (sends === 'messages') return '';
  const sizes = headers.map(([name, value]) => ({ name, bytes: headerBytes([[name, value]]) }));
  const [longest] = sizes.sort((a, b) => b.bytes - a.bytes);
  // Not even an empty packet would fit.
  if (longest && headerBytes(headers) + FRAMING_BYTES > limitBytes)
    return `shorten the header ${longest.name} (-H), which has ${longest.bytes} bytes, or `;
  return 'cut packets with -s, or ';
}

function timeProblem(cause: string, timeMs: number, facts: SendingFacts): Problem {
  const now = Date.now();
  const isOwn = facts.timestamp === 'packet' && Math.abs(timeMs - now) > FAR_MS;
  const whose = isOwn
    ? `the ${facts.sends === 'packets' ? 'packet' : 'message'}'s own time, ${at(timeMs)}, where this machine's clock says ${at(now)}`
    : `by this machine's clock, ${at(timeMs)}`;
  const limits = `${setting('message.timestamp.after.max.ms', facts)} and ${setting('message.timestamp.before.max.ms', facts)} of the topic`;
  return {
    cause: `${cause}: ${whose}`,
    remedy: isOwn
      ? `raise ${limits}${facts.sends === 'packets' ? ', or send the time of sending instead: --kafka-timestamp now' : ''}`
      : `set this machine's clock or the broker's, whichever is wrong, or raise ${limits}`,
  };
}

function setting(name: string, { topicSettings }: SendingFacts): string {
  const value = topicSettings[name];
  return value === undefined ? name : `${name}=${value}`;
}

/** A time in ms since 1970 as text, also where it is past what a Date can hold. */
function at(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${ms} ms since 1970` : time.toISOString();
}
