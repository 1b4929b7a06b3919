import type { VethPair } from '#support/veth.js';
import type { Properties } from './contenders.js';
import type { Cluster } from './rig/cluster.js';
import type { FrameFiles } from './rig/frames.js';
import type { startKafka } from './rig/kafka.js';

/** What all cases share. */
export interface Session {
  readonly cluster: Cluster;
  /** The broker, where the benchmark has started it. */
  readonly kafka: Awaited<ReturnType<typeof startKafka>> | undefined;
  readonly veth: VethPair;
  readonly frames: FrameFiles;
  /** For temporary files, removed at the end. */
  readonly folder: string;
  /** librdkafka properties that every contender is given. */
  readonly properties: Properties;
  /** How long traffic lasts; undefined for what is usual in a case. */
  readonly seconds: number | undefined;
  /** Whether contenders carry the probe of the event loop, which costs something. */
  readonly probed: boolean;
  /** Aborted where the benchmark is to end now. */
  readonly signal: AbortSignal;
}
