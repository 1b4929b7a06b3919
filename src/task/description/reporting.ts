import { z } from 'zod';
import type { section } from '../../documents/values.js';
import { COUNT, DURATION_MS, OPTIONAL_TEXT, withoutEffect } from '../../documents/values.js';

/** What every reporter has; undefined where neither the task nor its `config` says so. */
export interface Reporting {
  /** What the task calls it: `as`, or else `name`. One of its kind in the task. */
  readonly id: string;
  /** Records in one request at most. */
  readonly batchSize: number | undefined;
  /** How long a record waits for others. */
  readonly batchTimeoutMs: number | undefined;
  /** How long sending may take, and how often it is tried again, before `fallback` gets what is to be sent. */
  readonly sendTimeoutMs: number | undefined;
  readonly maxRetries: number | undefined;
  /** The id of another reporter of the task, or `spool`. */
  readonly fallback: string | undefined;
}

export const BATCH = {
  batch_size: z.int().min(0).max(1_000_000).optional().describe('records in a request at most'),
  batch_timeout: DURATION_MS.optional().describe('how long a record waits for others'),
};
const SENDING = {
  send_timeout: DURATION_MS.optional().describe('how long sending may take (3s)'),
  max_retries: COUNT.max(1000).optional().describe('how often it is tried again (1)'),
};

const NAMING = {
  as: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'not letters, digits, dots, hyphens and underscores')
    .optional()
    .describe('what it is called, where a task has several of one name'),
};
const PATIENCE = {
  ...SENDING,
  fallback: OPTIONAL_TEXT.describe(
    'another reporter, which gets nothing else, or spool: for what this one cannot send in time',
  ),
};

/** The keys of every reporter to Kafka beside `name` and `config`. */
export const OF_KAFKA = {
  ...{ ...NAMING, ...BATCH },
  no_batch: z.boolean().optional().describe("capture-agent's: as batch_size: 1"),
  ...PATIENCE,
};

const ONE_BY_ONE = 'only Kafka takes batches';
/** Those of the other reporters. */
export const OF_OTHERS = {
  ...NAMING,
  batch_size: withoutEffect(BATCH.batch_size, ONE_BY_ONE),
  batch_timeout: withoutEffect(BATCH.batch_timeout, ONE_BY_ONE),
  no_batch: withoutEffect(z.boolean(), ONE_BY_ONE, true),
  ...PATIENCE,
};

type Common = z.output<ReturnType<typeof section<typeof OF_KAFKA>>>;
type Batch = Pick<Common, keyof typeof BATCH>;

/** What the keys say of a reporter of this name; `config` has those of capture-agent that stand there. */
export function reporting(name: string, given: Common, config: Partial<Batch> = {}): Reporting {
  return {
    id: given.as ?? name,
    // capture-agent has 0 for the default.
    batchSize: given.no_batch === true ? 1 : given.batch_size || config.batch_size || undefined,
    batchTimeoutMs: given.batch_timeout ?? config.batch_timeout,
    ...{ sendTimeoutMs: given.send_timeout, maxRetries: given.max_retries },
    fallback: given.fallback,
  };
}
