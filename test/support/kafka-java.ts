import { repository } from './repository.js';

/** The classes that a broker loads, as Java's class data sharing keeps them: half of its start is to load them. */
export const CLASS_ARCHIVE = `${repository}.cache/kafka/classes.jsa`;

/** What makes of Java one that uses the archive; one that is not there, or of another Java, is passed over. */
const USES_ARCHIVE = [`-XX:SharedArchiveFile=${CLASS_ARCHIVE}`, '-Xlog:disable'] as const;

/** Java with Kafka's classes. Without performance data, which it would leave in /tmp. */
export function kafkaJava(sharing: readonly string[] = USES_ARCHIVE) {
  return [
    'java',
    ...['-XX:-UsePerfData', ...sharing, '-cp', `${repository}.cache/kafka/lib/*`],
  ] as const;
}

/** Halves the processor time that a start takes, at the price of speed later on. */
export const QUICK_TO_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] as const;

/** What runs Kafka's own programs, by their class. */
export const KAFKA_JAVA = [...kafkaJava(), ...QUICK_TO_START] as const;
