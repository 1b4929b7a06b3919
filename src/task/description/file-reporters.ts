import { z } from 'zod';
import { DURATION_MS, NAME, OPTIONAL_TEXT, section } from '../../documents/values.js';
import type { RingConditions } from '../../sinks/file-ring.js';
import { OF_OTHERS, reporting, type Reporting } from './reporting.js';

/** Packets as a capture file, or a ring of them. */
export interface FileReporter extends Reporting {
  readonly name: 'file';
  readonly path: string;
  readonly format: 'pcap' | 'nsecpcap' | 'pcapng';
  readonly ring: RingConditions | undefined;
}

export type UploadTarget =
  | {
      readonly kind: 's3';
      readonly accessId: string | undefined;
      readonly accessKey: string | undefined;
      readonly endpoint: string | undefined;
      readonly region: string | undefined;
      readonly bucket: string | undefined;
      readonly folder: string | undefined;
      readonly acl: string | undefined;
      readonly encryption: boolean | undefined;
    }
  | {
      readonly kind: 'cloudshark';
      readonly host: string | undefined;
      readonly scheme: 'http' | 'https' | undefined;
      readonly port: number | undefined;
      readonly token: string | undefined;
      readonly timeoutMs: number | undefined;
      readonly ca: string | undefined;
    }
  | { readonly kind: 'local'; readonly directory: string | undefined };

/** Packets as capture files that go elsewhere once they are finished. */
export interface UploadReporter extends Reporting {
  readonly name: 'upload';
  readonly target: UploadTarget;
  readonly format: 'pcap' | 'nsecpcap' | 'pcapng';
  /** When another file begins; its `fileBytes` bounds the memory that an upload takes. */
  readonly conditions: RingConditions & { readonly fileBytes: number };
}

/** Of a file that is uploaded, where nothing else is said. */
const UPLOAD_KB = 50_000;

const POSITIVE = z.int().min(1).max(1e12);

const FORMAT = z.enum(['pcap', 'nsecpcap', 'pcapng']);
const SWITCHES = {
  filesize_kb: POSITIVE.optional().describe('a file ends at this many kB (1000 bytes)'),
  duration: DURATION_MS.optional().describe('or after this time'),
  interval: DURATION_MS.optional().describe('or at multiples of this time'),
  packets: POSITIVE.optional().describe('or with this many packets'),
};

function conditionsOf(ring: z.output<ReturnType<typeof section<typeof SWITCHES>>>): RingConditions {
  return {
    ...(ring.duration !== undefined && { durationMs: ring.duration }),
    ...(ring.interval !== undefined && { intervalMs: ring.interval }),
    ...(ring.filesize_kb !== undefined && { fileBytes: ring.filesize_kb * 1000 }),
    ...(ring.packets !== undefined && { packets: ring.packets }),
  };
}

const RING = section({
  ...SWITCHES,
  files: POSITIVE.optional().describe('how many files are kept'),
}).transform((ring, context): RingConditions => {
  const conditions = conditionsOf(ring);
  if (Object.keys(conditions).length === 0)
    context.addIssue(
      'nothing says when a file is finished\nadd filesize_kb, duration, interval or packets',
    );
  return { ...conditions, ...(ring.files !== undefined && { files: ring.files }) };
});

export const FILE = section({
  name: z.literal('file').describe('packets to a capture file, or a ring of them'),
  config: section({
    path: NAME.describe('the file'),
    format: FORMAT.optional().describe('pcap, nsecpcap or pcapng (by the name of the file)'),
    ring: RING.optional().describe('begin another file, keep the last ones'),
  }).describe('the file'),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }): FileReporter => ({
  ...{ name, ...reporting(name, common), path: config.path },
  format: config.format ?? (/\.pcapng$/i.test(config.path) ? 'pcapng' : 'pcap'),
  ring: config.ring,
}));

const S3 = {
  bucket: OPTIONAL_TEXT.describe('the bucket'),
  folder: OPTIONAL_TEXT.describe('what keys begin with'),
  region: OPTIONAL_TEXT.describe('region'),
  endpoint: OPTIONAL_TEXT.describe('an S3 server other than AWS'),
  accessid: OPTIONAL_TEXT.describe("key's id"),
  accesskey: OPTIONAL_TEXT.describe('secret key'),
  acl: OPTIONAL_TEXT.describe('canned ACL'),
  encryption: z.boolean().optional().describe('encrypted by the server (AES256)'),
};

const CLOUDSHARK = {
  host: OPTIONAL_TEXT.describe('the server'),
  scheme: z.enum(['http', 'https']).optional().describe('https or http'),
  port: z.int().min(1).max(0xffff).optional().describe('its port'),
  token: OPTIONAL_TEXT.describe('token of its API'),
  timeout: DURATION_MS.optional().describe('of an upload'),
  ca: OPTIONAL_TEXT.describe("file with the authorities' certificates, PEM"),
};

export const UPLOAD = section({
  name: z.literal('upload').describe('packets as capture files that are sent somewhere'),
  config: section({
    s3: section(S3)
      .optional()
      .describe('to S3; what is left out is as triggers.s3 has it, where its upload is on'),
    cloudshark: section(CLOUDSHARK)
      .optional()
      .describe(
        'to CloudShark; what is left out is as triggers.cloudshark has it, where its upload is on',
      ),
    local: section({
      dir: OPTIONAL_TEXT.describe('the folder (that of triggers.general.localdir)'),
    })
      .optional()
      .describe('to a folder'),
    format: FORMAT.default('pcap').describe('pcap, nsecpcap or pcapng'),
    ring: section({
      ...SWITCHES,
      filesize_kb: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(UPLOAD_KB)
        .describe('a file ends at this many kB, which are in memory while it is sent'),
    })
      .prefault({})
      .describe('when a file is finished and sent; the last one is so at the end of the task'),
  }).describe('one of s3, cloudshark and local'),
  ...OF_OTHERS,
}).transform(({ name, config, ...common }, context): UploadReporter => {
  const targets: UploadTarget[] = [];
  const { s3, cloudshark, local } = config;
  if (s3) {
    const { accessid: accessId, accesskey: accessKey, ...rest } = s3;
    targets.push({
      ...{ kind: 's3', accessId, accessKey, endpoint: rest.endpoint, region: rest.region },
      ...{ bucket: rest.bucket, folder: rest.folder, acl: rest.acl, encryption: rest.encryption },
    });
  }
  if (cloudshark) {
    const { host, scheme, port, token, timeout, ca } = cloudshark;
    targets.push({ kind: 'cloudshark', host, scheme, port, token, timeoutMs: timeout, ca });
  }
  if (local) targets.push({ kind: 'local', directory: local.dir });
  const [target, ...others] = targets;
  if (!target || others.length > 0) {
    context.addIssue({
      code: 'custom',
      path: ['config'],
      message: `${target ? 'more than one' : 'no'} place to upload to\ngive one of s3, cloudshark and local`,
    });
    return z.NEVER;
  }
  if (common.fallback !== undefined)
    context.addIssue({
      ...{ code: 'custom', path: ['fallback'] },
      message: 'what upload cannot send waits on disk by itself\nleave out fallback',
    });
  const { filesize_kb } = config.ring;
  return {
    ...{ name, ...reporting(name, common), target, format: config.format },
    conditions: { ...conditionsOf(config.ring), fileBytes: filesize_kb * 1000 },
  };
});
