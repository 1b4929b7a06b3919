import { createRequire } from 'node:module';
import type { BatchAddon } from './batch.js';
import type { CaptureAddon } from './capture.js';
import type { CodecAddon } from './codec.js';
import type { ConsumerAddon } from './consumer.js';
import type { KafkaAddon } from './kafka.js';
import type { NetAddon } from './net.js';
import type { ProducerAddon } from './producer.js';
import type { SystemAddon } from './system.js';

interface Addon
  extends
    BatchAddon,
    CaptureAddon,
    NetAddon,
    KafkaAddon,
    ProducerAddon,
    ConsumerAddon,
    CodecAddon,
    SystemAddon {
  versions(): { librdkafka: string; features: string; libpcap: string };
}

/** The native half of kcap: threads that wait and copy. What they should do is decided in TypeScript. */
export const addon = createRequire(import.meta.url)('#addon') as Addon;
