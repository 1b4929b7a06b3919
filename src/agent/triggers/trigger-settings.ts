import path from 'node:path';
import type { AwsKey } from '../../aws/credentials.js';
import type { S3Place } from '../../aws/s3-place.js';
import type { CloudsharkServer } from '../../cloudshark/upload.js';
import { UserError } from '../../errors/user-error.js';
import type { RedisChannel } from '../../redis/subscriber.js';
import type { AgentConfiguration } from '../configuration/configuration.js';
import type { CaptureSettings } from './captures.js';
import type { KafkaTriggerOptions } from './kafka-trigger.js';
import type { SqsTriggerOptions } from './sqs-trigger.js';

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
  /** Whether the agent's socket takes messages. */
  readonly socket: boolean;
  /** Targets; all that are set. */
  readonly localFolder: string | undefined;
  readonly s3: { readonly place: S3Place; readonly key: AwsKey } | undefined;
  readonly cloudshark: CloudsharkServer | undefined;
}

/** The kernel's ring of a capture: as large as --buffer-size is by itself. */
const BUFFER_MIB = 32;

/** What an agent's configuration says of triggers. */
export function triggerSettings({
  triggers,
  node,
  dataDir,
}: Pick<AgentConfiguration, 'triggers' | 'node' | 'dataDir'>): TriggerSettings {
  const { general, sqs, s3 } = triggers;
  return {
    captures: captureSettings({ triggers, node }),
    atOnce: general.maxCaptures,
    keptFolder: path.join(dataDir, 'failed'),
    ...{ redis: triggers.redis, kafka: triggers.kafka, socket: triggers.socket },
    sqs: sqs && {
      ...{ url: sqs.url, region: sqs.region ?? regionOf(sqs.url), endpoint: sqs.endpoint ?? '' },
      ...{ waitSeconds: sqs.waitSeconds, chunkSize: sqs.chunkSize, ...keyOf(sqs.key) },
    },
    localFolder: general.localFolder,
    s3: s3 && { place: placeOf(s3), key: keyOf(s3.key) },
    cloudshark: triggers.cloudshark,
  };
}

/** The part of it that a reload may change while captures go on. */
export function captureSettings({
  triggers: { general, interfaces },
  node,
}: Pick<AgentConfiguration, 'triggers' | 'node'>): CaptureSettings {
  const aliases = new Map<string, string[]>();
  for (const { name, aliases: others } of interfaces)
    for (const alias of others) aliases.set(alias, [...(aliases.get(alias) ?? []), name]);
  return {
    ...{ host: node.hostname, bounds: general, aliases, bufferMiB: BUFFER_MIB },
    ...{ format: general.format, logsRequests: general.logsRequests },
    logsPackets: general.logsPackets,
  };
}

/** What is wrong where captures have nowhere to go. */
export function noTarget(): UserError {
  return new UserError('triggers', 'captures would go nowhere', {
    remedy: 'set general.writelocal, s3.upload or cloudshark.upload',
    exitStatus: 2,
  });
}

type S3Section = NonNullable<AgentConfiguration['triggers']['s3']>;

function placeOf({ bucket, folder, region, endpoint, acl, encryption }: S3Section): S3Place {
  return { bucket, folder, region, endpoint, acl, encryption };
}

function keyOf(key: { readonly id: string; readonly secret: string } | undefined): AwsKey {
  return { accessId: key?.id ?? '', accessKey: key?.secret ?? '' };
}

/** The urls of AWS's queues say it. */
function regionOf(url: string): string {
  return /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(url)?.[1] ?? 'us-east-1';
}
