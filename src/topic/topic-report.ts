import type { TopicSample } from './topic-sample.js';
import type { TopicSettings } from './topic-settings.js';

export interface ReportedPartition {
  readonly id: number;
  /** The broker that leads it; null where there is none, and then nobody knows its offsets. */
  readonly leader: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** What one wants to know of a topic before reading it. */
export interface TopicReport {
  readonly topic: string;
  readonly partitions: readonly ReportedPartition[];
  /** By the offsets: the most that can be there. */
  readonly messages: number;
  /** By the sample, before compression; undefined where it says nothing. */
  readonly estimatedBytes: number | undefined;
  readonly settings: TopicSettings;
  readonly sample: TopicSample;
  /** Over the time from the first packet to the last one. */
  readonly messagesPerSecond: number | undefined;
  /** What will hurt, and what could not be found out. */
  readonly warnings: readonly string[];
}
