import type { AwsKey } from '../../aws/credentials.js';
import type { S3Place } from '../../aws/s3-place.js';
import type { CloudsharkServer } from '../../cloudshark/upload.js';
import type { Properties } from '../../kafka/properties.js';
import type { RedisChannel } from '../../redis/subscriber.js';
import type { CaptureSettings } from './captures.js';
import type { SqsTriggerOptions } from './sqs-trigger.js';

/** Messages from a topic. */
export interface KafkaTriggerOptions {
  readonly topic: string;
  readonly group: string;
  /** Where answers go; undefined for none. */
  readonly responseTopic: string | undefined;
  /** librdkafka's, brokers included. */
  readonly properties: Properties;
}

/** Where capture messages come from, what they may ask for, and where captures go. */
export interface TriggerSettings {
  readonly captures: CaptureSettings;
  /** Captures at the same time. */
  readonly atOnce: number;
  /** Folder for what targets would not take. */
  readonly keptFolder: string;
  readonly redis: RedisChannel | undefined;
  readonly sqs: SqsTriggerOptions | undefined;
  readonly kafka: KafkaTriggerOptions | undefined;
  /** Targets; all that are set. */
  readonly localFolder: string | undefined;
  readonly s3: { readonly place: S3Place; readonly key: AwsKey } | undefined;
  readonly cloudshark: CloudsharkServer | undefined;
}
