import { z } from 'zod';
import { COUNT, DURATION_MS, NAME, SCALARS, section } from '../../documents/values.js';

const FILE = section({
  enabled: z.boolean().default(false).describe('write the log to a file as well'),
  path: NAME.default('/var/log/kcap/kcap.log').describe('the file'),
  rotation: section({
    max_size_mb: z.int().min(1).default(100).describe('a file ends at this many MB'),
    max_age_days: COUNT.default(30).describe('older files are removed; 0: never'),
    max_backups: COUNT.default(5).describe('how many older files are kept; 0: all'),
    compress: z.boolean().default(true).describe('older files are compressed'),
  })
    .prefault({})
    .describe('when another file begins'),
}).transform(({ enabled, path, rotation }) =>
  enabled
    ? {
        path,
        maxBytes: rotation.max_size_mb * 1_000_000,
        ...{ maxAgeDays: rotation.max_age_days, maxBackups: rotation.max_backups },
        compress: rotation.compress,
      }
    : undefined,
);

const LOKI = section({
  enabled: z.boolean().default(false).describe('send the log to Loki as well'),
  endpoint: z
    .union([
      z.literal(''),
      z.url({
        protocol: /^https?$/,
        error: 'not an address\nfor example http://loki:3100/loki/api/v1/push',
      }),
    ])
    .default('')
    .describe("Loki's address for records"),
  labels: SCALARS.prefault({}).describe('labels of all records'),
  batch_size: z.int().min(1).max(100_000).default(100).describe('records in a request at most'),
  batch_timeout: DURATION_MS.prefault('1s').describe('how long a record waits for others'),
}).transform((loki, context) => {
  if (!loki.enabled) return undefined;
  if (loki.endpoint === '')
    context.addIssue({
      ...{ code: 'custom', path: ['endpoint'] },
      message: 'it is missing\nfor example http://loki:3100/loki/api/v1/push',
    });
  return {
    ...{ endpoint: loki.endpoint, labels: loki.labels },
    ...{ batchRecords: loki.batch_size, batchMs: loki.batch_timeout },
  };
});

/** Where the log goes; standard error always. */
export const LOG = section({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('debug, info, warn or error'),
  format: z.enum(['json', 'text']).default('json').describe('json or text'),
  outputs: section({
    file: FILE.prefault({}).describe('a file that is rotated'),
    loki: LOKI.prefault({}).describe("Grafana's Loki"),
  })
    .prefault({})
    .describe('where else than to standard error'),
}).transform(({ level, format, outputs }) => ({ level, format, ...outputs }));
