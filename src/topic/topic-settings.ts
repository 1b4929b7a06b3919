import { addon } from '../addon/addon.js';
import type { ClientFacts } from '../kafka/client-facts.js';
import { problemOf } from '../kafka/connection-problem.js';
import { controlProperties } from '../kafka/settings.js';
import { messageOf } from '../errors/user-error.js';

/** A topic's settings that matter to packets, as Kafka has them: -1 is no limit. Null: the brokers don't say. */
export interface TopicSettings {
  readonly retentionMs: number | null;
  /** Of each partition. */
  readonly retentionBytes: number | null;
  readonly timestampType: string | null;
  readonly maxMessageBytes: number | null;
  readonly cleanupPolicy: string | null;
}

/** Asks the brokers; where they don't say, `problem` is why. */
export async function askForSettings(
  facts: ClientFacts,
  timeoutMs: number,
): Promise<{ readonly settings: TopicSettings; readonly problem: string | undefined }> {
  const answer = await addon
    .topicSettings([...controlProperties(facts.properties)], facts.topic, timeoutMs)
    .catch((error: unknown) => messageOf(error));
  return typeof answer === 'string'
    ? { settings: settingsOf({}), problem: why(answer, facts) }
    : { settings: settingsOf(answer), problem: undefined };
}

export function settingsOf(values: Readonly<Record<string, string>>): TopicSettings {
  const number = (name: string) => {
    const value = values[name];
    return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : null;
  };
  return {
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    timestampType: values['message.timestamp.type'] ?? null,
    maxMessageBytes: number('max.message.bytes'),
    cleanupPolicy: values['cleanup.policy'] ?? null,
  };
}

function why(name: string, facts: ClientFacts): string {
  if (/AUTHORIZATION_FAILED$/.test(name))
    return `this user may not see them (${name}): it takes DescribeConfigs on the topic`;
  if (/UNSUPPORTED/.test(name)) return `the brokers can't say them (${name})`;
  if (/TIMED_OUT/.test(name)) return 'no broker said them in time';
  return problemOf(name, facts, { name }).cause;
}
