import type { Logger } from 'pino';
import { UserError } from '../errors/user-error.js';
import type { ByteOutput } from '../files/byte-output.js';
import { BatchProducer, type ProducerOptions } from '../kafka/batch-producer.js';
import type { ClientFacts } from '../kafka/client-facts.js';
import type { Properties } from '../kafka/properties.js';
import { RenewedProducer, type TopicStart } from '../kafka/renewed-producer.js';
import { producerProperties, pushSettings } from '../kafka/settings.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import { PrettyTopicSink } from '../sinks/pretty.js';
import { SpoolingTopicSink } from '../sinks/spooling-topic.js';
import { TopicSink } from '../sinks/topic.js';
import { Spool } from '../spool/spool.js';
import { SpoolFolder } from '../spool/spool-folder.js';
import { askTopic } from './topic-facts.js';

/** How packets get into a topic. */
export interface SendingOptions {
  readonly topic: string;
  /** What the user gave with -k and -X. */
  readonly properties: Properties;
  readonly partitionBy: 'time' | 'flow';
  readonly timestamp: ProducerOptions['timestamp'];
  readonly headers: ProducerOptions['headers'];
  readonly identify: boolean;
  readonly drainTimeoutMs: number;
  /** How many packets become one message; undefined: each is one of its own. */
  readonly pack: ProducerOptions['pack'];
  /** Folder, and its largest size. */
  readonly spool: { readonly path: string; readonly bytes: number } | undefined;
  /** Every how many packets a line is printed; 0 for none. */
  readonly prettyEvery: number;
}

/** Where the packets that are sent come from. */
export interface SentFrom {
  /** They lose nothing by waiting, but there: those of files and topics. */
  readonly sourceWaits: boolean;
}

/**
 * How many partitions the topic has. With a spool the run begins also where nobody says so yet.
 *
 * @param ask the brokers; by a thread that can, where this one can't
 */
export async function findTopic(
  options: SendingOptions,
  log: Logger,
  ask = askTopic,
): Promise<TopicStart> {
  try {
    return await ask(factsOf(options), log);
  } catch (error) {
    if (!options.spool || !(error instanceof UserError) || error.exitStatus === 2) throw error;
    return { problem: error };
  }
}

function factsOf({ properties, topic }: SendingOptions): ClientFacts {
  return { role: 'producer', properties, topic };
}

interface SinkParts {
  readonly scope: Scope;
  readonly start: TopicStart;
  /** Where -pp prints. */
  readonly lines: ByteOutput | undefined;
  readonly log: Logger;
}

/** Opens the way to the topic in the scope. */
export async function openTopicSink(
  options: SendingOptions & SentFrom,
  parts: SinkParts,
): Promise<Sink> {
  const { topic, prettyEvery: every } = options;
  const { sink, producer } = options.spool
    ? await openSpoolingSink(options, { ...parts, spool: options.spool })
    : await openPlainSink(options, parts);
  return parts.lines
    ? new PrettyTopicSink(sink, { producer, output: parts.lines, topic, every })
    : sink;
}

async function openPlainSink(options: SendingOptions & SentFrom, { start, ...parts }: SinkParts) {
  if ('problem' in start) throw start.problem;
  const producer = parts.scope.own(openProducer(options, { ...parts, ...start }));
  await producer.adaptToTopic(options.properties, start.roundTripMs);
  return { producer, sink: new TopicSink(producer) };
}

async function openSpoolingSink(
  options: SendingOptions & SentFrom,
  parts: SinkParts & { readonly spool: NonNullable<SendingOptions['spool']> },
) {
  const { start, scope, log } = parts;
  const spool = scope.own(await openSpool(parts.spool, options, log));
  const make = (partitions: number) => openProducer(options, { ...parts, partitions });
  const roundTripMs = 'roundTripMs' in start ? start.roundTripMs : 0;
  const producer = scope.own(
    new RenewedProducer({
      make,
      adapt: async (made) => made.adaptToTopic(options.properties, roundTripMs),
      start,
      facts: factsOf(options),
    }),
  );
  const sink = new SpoolingTopicSink(producer, spool, {
    drainTimeoutMs: options.drainTimeoutMs,
    sourceWaits: options.sourceWaits,
    log,
  });
  return { producer, sink };
}

function openProducer(
  options: SendingOptions & SentFrom,
  { partitions, log }: Pick<SinkParts, 'log'> & { readonly partitions: number },
): BatchProducer {
  const spools = options.spool !== undefined;
  const packs = options.pack !== undefined;
  return new BatchProducer(
    {
      properties: producerProperties(options.properties, { spools, packs }),
      topic: options.topic,
      timestamp: options.timestamp,
      mayFillQueue: !options.sourceWaits,
      ...pushSettings(options.properties, partitions),
      headers: options.headers,
      namesInterface: options.identify,
      flowPartitions: options.partitionBy === 'flow' ? partitions : 0,
      // Naming a partitioner means that keys are to choose.
      keysChoose: partitions > 1 && options.properties.has('partitioner'),
      keepsUndelivered: spools,
      pack: options.pack,
      reportEvery: options.prettyEvery,
    },
    log,
  );
}

async function openSpool(
  { path, bytes }: { readonly path: string; readonly bytes: number },
  { topic, identify }: SendingOptions,
  log: Logger,
): Promise<Spool> {
  const options = { limitBytes: bytes, keepsInterface: identify };
  return Spool.open(await SpoolFolder.open(path, topic), options, log);
}
