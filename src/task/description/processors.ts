import { z } from 'zod';
import { LIST, NAME, SCALAR, SCALARS, section, withoutEffect } from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';

/** Keeps what matches; drops it where `drop` is set. */
export type FilterProcessor =
  | { readonly name: 'filter'; readonly sip: readonly string[]; readonly drop: boolean }
  | { readonly name: 'filter'; readonly bpf: string; readonly drop: boolean };

export interface LabelProcessor {
  readonly name: 'label';
  readonly labels: Readonly<Record<string, string>>;
}

export interface SampleProcessor {
  readonly name: 'sample';
  /** Keeps one of so many; 1 or more. */
  readonly oneOf: number;
}

/** Keeps what captagent's capture plan in a file sends. */
export interface PlanProcessor {
  readonly name: 'plan';
  readonly file: string;
}

export type ProcessorDescription =
  FilterProcessor | LabelProcessor | SampleProcessor | PlanProcessor;

/** What capture-agent's drop_hep drops: packets that begin as HEP 3 does. */
const HEP3 = 'udp[8:4] = 0x48455033';

const METHODS = LIST.transform((methods, context) => {
  const odd = methods.find((method) => !/^[\w.!%*+`'~-]+$/.test(method));
  if (odd !== undefined)
    context.addIssue(withRemedy(`'${odd}' is no method`, 'for example OPTIONS'));
  return methods.join(' ');
}).optional();

/** Labels that capture-agent's rules look at, and what they are called in kcap's filters. */
const OF_RULES = { 'sip.method': 'method', 'sip.status_code': 'status' } as const;

const RULE = section({
  label: z.enum(['sip.method', 'sip.status_code']).describe('sip.method or sip.status_code'),
  values: LIST.describe('values of the label'),
  action: z.enum(['drop', 'keep']).describe('what happens to messages that have one of them'),
}).transform(({ label, values, action }): FilterProcessor => ({
  ...{ name: 'filter', sip: [`(${OF_RULES[label]} ${values.join(' ')})`] },
  drop: action === 'drop',
}));

const FILTER = section({
  name: z.literal('filter').describe('keeps messages or packets that match'),
  config: section({
    sip: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe("a SIP filter, for example '(method invite bye)'; of a list all must match"),
    bpf: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe('an expression on packets, see pcap-filter(7)'),
    drop: z.boolean().default(false).describe('drop what matches, keep the rest'),
    drop_hep: z.boolean().optional().describe("capture-agent's: drop packets of HEP 3"),
    drop_raw: withoutEffect(z.boolean(), 'what no parser takes is never reported', true),
    sip_deny_methods: METHODS.describe("capture-agent's: drop messages of these methods"),
    sip_allow_methods: METHODS.describe("capture-agent's: keep messages of these methods only"),
    rules: z.array(RULE).optional().describe("capture-agent's: several filters by a label"),
  }).describe('what matches; one of sip and bpf'),
}).transform(({ config }, context): FilterProcessor[] => {
  const { sip, bpf, drop } = config;
  if (sip !== undefined && bpf !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['config'],
      message: 'sip and bpf in one filter\nmake a filter of each',
    });
  const keys = Object.values({ ...config, drop: undefined });
  if (keys.every((value) => value === undefined))
    context.addIssue({
      code: 'custom',
      path: ['config'],
      message: "nothing says what matches\ngive sip: '(EXPRESSION)' or bpf: EXPRESSION",
    });
  const { sip_deny_methods: denied = '', sip_allow_methods: allowed = '' } = config;
  const name = 'filter' as const;
  return [
    ...(sip === undefined ? [] : [{ name, sip: typeof sip === 'string' ? [sip] : sip, drop }]),
    ...(bpf === undefined ? [] : [{ name, bpf, drop }]),
    ...(config.drop_hep === true ? [{ name, bpf: HEP3, drop: true }] : []),
    ...(denied === '' ? [] : [{ name, sip: [`(method ${denied})`], drop: true }]),
    ...(config.rules ?? []),
    ...(allowed === '' ? [] : [{ name, sip: [`(method ${allowed})`], drop: false }]),
  ];
});

const LABEL = section({
  name: z.literal('label').describe('adds labels to records'),
  config: z
    .record(NAME, z.union([SCALAR, SCALARS]))
    .describe('names and values; or below the key labels'),
}).transform(({ config }, context): LabelProcessor[] => {
  const labels = Object.entries(config).flatMap(([name, value]) => {
    if (typeof value === 'string') return [[name, value] as const];
    if (name === 'labels') return Object.entries(value);
    context.addIssue({
      code: 'custom',
      path: ['config', name],
      message: 'a mapping where a text should be',
    });
    return [];
  });
  return [{ name: 'label', labels: Object.fromEntries(labels) }];
});

const SAMPLE = section({
  name: z.literal('sample').describe('keeps one in every N'),
  config: section({
    one_of: z
      .int()
      .min(1)
      .describe('keep one in this many packets; of messages, one in this many calls, each whole'),
  }).describe('how many'),
}).transform(({ config }): SampleProcessor[] => [{ name: 'sample', oneOf: config.one_of }]);

const PLAN = section({
  name: z.literal('plan').describe("keeps the messages that captagent's capture plan sends"),
  config: section({
    file: z.string().trim().min(1).describe('the plan, for example sip_capture_plan.cfg'),
  }).describe('where it is'),
}).transform(({ config }): PlanProcessor[] => [{ name: 'plan', file: config.file }]);

/** What is done between the capture and the reporters, in this order. */
export const PROCESSORS = z
  .array(z.discriminatedUnion('name', [FILTER, LABEL, SAMPLE, PLAN]))
  .transform((processors): ProcessorDescription[] => processors.flat());
