import path from 'node:path';

import { consumerProperties, producerProperties } from '#kcap/kafka/settings.js';
import { repository } from '#support/repository.js';
import type { Topic } from './rig/cluster.js';

export const CONTENDERS = ['kcap', 'before', 'c', 'packer', 'pycapa', 'naive', 'tcpdump'] as const;
export type Contender = (typeof CONTENDERS)[number];

/** librdkafka properties as the user would give them. */
export type Properties = ReadonlyMap<string, string>;

interface Job {
  readonly topic: Topic;
  /** With bootstrap.servers. */
  readonly properties: Properties;
  /** Many packets a message, for those who can. */
  readonly packed?: boolean;
  /** Folder in which kcap keeps what can't be sent. */
  readonly spool?: string;
}

/** Another checkout of kcap that has been built: whether a change has made kcap slower is measured in turns with it. */
export const BEFORE = process.env['KCAP_BENCH_BEFORE'];

/** Takes part where kcap does. */
export function isKcap(contender: Contender): contender is 'kcap' | 'before' {
  return contender === 'kcap' || contender === 'before';
}

/** Whether the contender's messages hold many packets in a case of packed ones. */
export function packs(contender: Contender): boolean {
  return isKcap(contender) || contender === 'packer';
}

export interface CaptureJob extends Job {
  readonly interface: string;
}

export interface SendJob extends Job {
  readonly file: string;
}

export interface ReadJob extends Job {
  /** The end of the topic; Infinity to read on until a signal comes. */
  readonly packets: number;
}

/** The command that captures an interface to a topic until a signal comes. */
export function captureCommand(contender: Contender, job: CaptureJob): string[] {
  return producer(contender, ['-i', job.interface], job);
}

/** The command that sends a capture file to a topic; npm cap, and so the naive build, reads no files. */
export function sendCommand(contender: Contender, job: SendJob): string[] {
  return producer(contender, ['-r', job.file], job);
}

/** The command that writes a topic from its beginning to standard output as pcap. */
export function readCommand(contender: Contender, job: ReadJob): string[] {
  const { topic, packets } = job;
  const endless = packets === Infinity;
  if (isKcap(contender))
    return [
      ...KCAP[contender],
      '--consumer',
      '-o',
      'begin',
      ...(endless ? [] : ['-e']),
      ...common(job),
    ];
  if (contender === 'tcpdump') throw new Error('tcpdump only prints');
  const range = ['-p', String(topic.partitions), ...(endless ? [] : ['-n', String(packets)])];
  const properties = LIMITS.includes(contender)
    ? consumerProperties(job.properties, {
        group: undefined,
        partitions: topic.partitions,
        tellsEnds: !endless,
      })
    : job.properties;
  return [...READERS[contender], ...range, ...common({ ...job, properties })];
}

/** In C, with kcap's settings. */
const LIMITS: readonly Contender[] = ['c', 'packer'];
/** kcap's default. */
const PACK_BYTES = '65536';
const NODE = process.execPath;
export const KCAP = {
  kcap: [NODE, `${repository}bin/kcap.js`],
  before: [NODE, path.join(BEFORE ?? repository, 'bin/kcap.js')],
};
const PYTHON = '/usr/bin/python3';
const SENDERS = {
  c: [`${repository}dist-bench/limit/produce`],
  packer: [`${repository}dist-bench/limit/produce`, '-P', PACK_BYTES],
  pycapa: [PYTHON, `${repository}bench/peers/pycapa_produce.py`],
  naive: [NODE, `${repository}dist-bench/peers/naive-produce.js`],
};
const READERS = {
  c: [`${repository}dist-bench/limit/consume`],
  packer: [`${repository}dist-bench/limit/consume`, '-P'],
  pycapa: [PYTHON, `${repository}bench/peers/pycapa_consume.py`],
  naive: [NODE, `${repository}dist-bench/peers/naive-consume.js`],
};

function producer(contender: Contender, from: readonly string[], job: Job): string[] {
  if (isKcap(contender)) {
    const spool = job.spool === undefined ? [] : ['--spool', job.spool];
    const packing = job.packed ? ['--pack'] : [];
    return [...KCAP[contender], '--producer', ...packing, ...spool, ...from, ...common(job)];
  }
  if (contender === 'tcpdump') throw new Error('tcpdump only prints');
  const properties = LIMITS.includes(contender) ? limitProperties(job.properties) : job.properties;
  return [...SENDERS[contender], ...from, ...common({ ...job, properties })];
}

/**
 * The limit in C has kcap's settings, so that it is the program that is compared; the others have their own. It has
 * nobody to push what waits, so it lingers as long as costs it nothing.
 */
function limitProperties(user: Properties): Properties {
  return producerProperties(new Map([['linger.ms', '50'], ...user]));
}

function common({ topic, properties }: Job): string[] {
  return [
    '-t',
    topic.name,
    ...[...properties].flatMap(([key, value]) => ['-X', `${key}=${value}`]),
  ];
}
