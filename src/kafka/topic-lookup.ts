import type { Metadata } from 'node-rdkafka';
import { addon } from '../addon/addon.js';
import { UserError } from '../errors/user-error.js';
import { grant, type ClientFacts } from './client-facts.js';
import { missingTopic, orNearest } from './missing-topic.js';
import { brokersOf, securityOf } from './security.js';
import { controlProperties } from './settings.js';

/** How long a topic that the brokers make on first use may take to appear. */
const AUTO_CREATION_MS = 3_000;
const PAUSE_MS = 100;
/** How long the brokers may take to say why a topic is not there. */
const LOOK_LIMIT_MS = 3_000;

/** How the topic is asked for. */
export interface TopicQuestions {
  /** What there is on the cluster. */
  readonly metadata: () => Promise<Metadata>;
  /** The names of all topics that the user may see. */
  readonly topicNames: () => Promise<readonly string[]>;
  /** The name of the error that the brokers have for the topic; undefined where it is there. */
  readonly topicError: () => Promise<string | undefined>;
  /** How long it may still take, in ms. */
  readonly msLeft: () => number;
}

/**
 * The topic's partitions. If it is not in `first`, what the cluster lists, the brokers are asked for it by name:
 * only then they say whether it does not exist or may not be seen. What passes, such as a leader that is being elected,
 * is waited for; throws a UserError once it is clear that there is no such topic.
 */
export async function partitionsOf(
  facts: ClientFacts,
  first: Metadata,
  { metadata, topicNames, topicError, msLeft }: TopicQuestions,
): Promise<number[]> {
  const { topic, role } = facts;
  const askedAt = performance.now();
  let why: string | undefined;
  for (let known = first; ; known = await metadata()) {
    const found = known.topics.find(({ name }) => name === topic);
    if (found && found.partitions.length > 0) return found.partitions.map(({ id }) => id);
    why = await topicError();
    const mayBeMade = role === 'producer' && performance.now() - askedAt <= AUTO_CREATION_MS;
    if (why !== undefined && !PASSES.has(why) && !(why === MISSING && mayBeMade)) break;
    if (msLeft() < PAUSE_MS) break;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  // The topic is the trouble, whatever becomes of this question.
  throw noPartitions(facts, why, await topicNames().catch(() => []));
}

/** Asks the brokers for the topic by its name, with a client of its own. */
export async function askForTopic({ topic, properties }: ClientFacts): Promise<string | undefined> {
  return addon.topicError([...controlProperties(properties)], topic, LOOK_LIMIT_MS);
}

const MISSING = 'UNKNOWN_TOPIC_OR_PART';
/** A broker that has just started, or a topic that was just made. */
const PASSES: ReadonlySet<string> = new Set(['LEADER_NOT_AVAILABLE', 'REPLICA_NOT_AVAILABLE']);

function noPartitions(
  facts: ClientFacts,
  why: string | undefined,
  topics: readonly string[],
): UserError {
  const { topic, properties } = facts;
  const brokers = brokersOf(properties);
  const what = `topic ${topic}`;
  const create = `kafka-topics.sh --bootstrap-server ${brokers} --create --topic ${topic}`;
  switch (why) {
    case MISSING:
      return missingTopic(facts, topics);
    case 'TOPIC_AUTHORIZATION_FAILED':
      return new UserError(what, `the user may not see it on ${brokers} (${why})`, {
        remedy: `let the user do so: ${grant(facts)}`,
      });
    case undefined:
    case 'LEADER_NOT_AVAILABLE':
    case 'REPLICA_NOT_AVAILABLE':
      return new UserError(what, 'none of its partitions has a leader', {
        remedy: `look at its brokers: kafka-topics.sh --bootstrap-server ${brokers} --describe --topic ${topic}`,
        passes: 'later',
      });
    // The brokers list it for nobody, or not for this user, and don't say which; kcap's in-memory one doesn't, either.
    default:
      return new UserError(
        what,
        `it does not exist on ${brokers}${isKnown(facts) ? ', or may not be seen' : ''}`,
        {
          remedy: orNearest(
            topic,
            topics,
            `create it first, for example: ${create}${isKnown(facts) ? `; or let the user see it: ${grant(facts)}` : ''}`,
          ),
        },
      );
  }
}

/** Whether the brokers may know who the user is, and what they may see. */
function isKnown({ properties }: ClientFacts): boolean {
  const { tls, mechanism } = securityOf(properties);
  return tls || mechanism !== undefined;
}
