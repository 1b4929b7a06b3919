import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { checkBrokers } from '../kafka/broker-address.js';
import { checkTopicName } from '../kafka/topic-name.js';

/** Each is an interface in Wireshark's list, and Wireshark asks kcap about each of them when it starts. */
const MOST_TOPICS = 5;
/** Of a topic's name, in the name of an interface. */
const MOST_CHARACTERS = 40;

/** A topic that was read in Wireshark lately. Of its properties the file's path is known, never what it holds. */
export interface RecentTopic {
  readonly brokers: string;
  readonly topic: string;
  readonly propertiesFile: string | undefined;
}

/** The topics that were read lately, the last one first; none where nothing is known. */
export function recentTopics(file = stateFile()): RecentTopic[] {
  let stored: unknown;
  try {
    stored = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
  return Array.isArray(stored) ? stored.flatMap(topicIn).slice(0, MOST_TOPICS) : [];
}

/** Puts the topic first; throws the system's error where that can't be stored. */
export function rememberTopic(topic: RecentTopic, file = stateFile()): void {
  const others = recentTopics(file).filter(
    (other) => interfaceName(other) !== interfaceName(topic),
  );
  const kept = [topic, ...others].slice(0, MOST_TOPICS);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const written = `${file}.${process.pid}`;
  rmSync(written, { force: true });
  writeFileSync(written, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(written, file);
}

/** The name that the topic's interface has in Wireshark: it must stay the same, as Wireshark's settings go by it. */
export function interfaceName({ brokers, topic }: Pick<RecentTopic, 'brokers' | 'topic'>): string {
  const hash = createHash('sha256').update(`${brokers}\n${topic}`).digest('hex').slice(0, 6);
  return `kcap-${topic.slice(0, MOST_CHARACTERS)}-${hash}`;
}

/** In the folder of the XDG Base Directory Specification for what a program remembers. */
function stateFile(): string {
  const state = process.env['XDG_STATE_HOME'] ?? '';
  const folder = path.isAbsolute(state) ? state : path.join(homedir(), '.local/state');
  return path.join(folder, 'kcap/wireshark.json');
}

/** What somebody else may have written there is looked at as a command line is. */
function topicIn(entry: unknown): RecentTopic[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { brokers, topic, propertiesFile } = entry as Partial<Record<keyof RecentTopic, unknown>>;
  if (typeof brokers !== 'string' || brokers === '' || typeof topic !== 'string') return [];
  try {
    checkBrokers('brokers', brokers);
    checkTopicName('topic', topic);
  } catch {
    return [];
  }
  return [
    {
      brokers,
      topic,
      propertiesFile: typeof propertiesFile === 'string' ? propertiesFile : undefined,
    },
  ];
}
