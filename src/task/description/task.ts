import { z } from 'zod';
import { COUNT, BYTES, DURATION_MS, LIST, section, withoutEffect } from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { CAPTURE, interfaceCapture, SHORT_CAPTURE, type CaptureDescription } from './capture.js';
import { PROCESSORS } from './processors.js';
import { REPORTERS, TAKES, type ReporterDescription } from './reporters.js';

/** Tunnels that capture-agent's tasks name; the decoder also knows others, and opens them always. */
export const TUNNELS = ['vxlan', 'gre', 'geneve', 'ipip'] as const;

const MOST_WORKERS = 64;

const ID = z
  .string()
  .regex(
    /^[A-Za-z0-9._-]{1,64}$/,
    withRemedy(
      'it does not name a task',
      'use 1 to 64 letters, digits, dots, hyphens and underscores',
    ),
  )
  .refine(
    (id) => !/^\.+$/.test(id),
    withRemedy('it does not name a task', 'use letters or digits'),
  );

const PARSER = z.union([
  z.enum(['sip', 'rtp']).transform((name) => ({ name })),
  section({
    name: z.enum(['sip', 'rtp']).describe('sip, or rtp: RTP and RTCP of the calls seen'),
    config: section({
      track_media: withoutEffect(z.boolean(), 'the parser rtp tracks media'),
      max_message_size: withoutEffect(COUNT, 'a message may have 256 KiB'),
    })
      .optional()
      .describe('of the parser'),
  }).transform(({ name }) => ({ name })),
]);

const DECODER = section({
  tunnels: LIST.transform((names, context) => {
    for (const [index, name] of names.entries())
      if (!TUNNELS.some((known) => known === name))
        context.addIssue({
          ...{ code: 'custom', path: [index] },
          message: withRemedy(`'${name}': no such tunnel`, `use one of: ${TUNNELS.join(', ')}`),
        });
    return TUNNELS.filter((known) => names.includes(known));
  })
    .optional()
    .describe('what is opened: vxlan, gre, geneve, ipip (as core.decoder.tunnel)'),
  ip_reassembly: z.boolean().default(true).describe('put fragments of datagrams together'),
}).transform((decoder) => ({
  /** Undefined: as the agent's configuration says. */
  tunnels: decoder.tunnels,
  reassembles: decoder.ip_reassembly,
}));

const LIMITS = section({
  packets: COUNT.default(0).describe('end after this many packets'),
  bytes: BYTES.prefault(0).describe('after this many bytes of packets'),
  duration: DURATION_MS.prefault(0).describe('after this time'),
  idle: DURATION_MS.prefault(0).describe('after this time without a packet'),
}).transform(({ packets, bytes, duration, idle }) => ({
  /** Each 0 for no limit. */
  ...{ packets, bytes, durationMs: duration, idleMs: idle },
}));

const CHANNELS = section({
  raw_stream: withoutEffect(COUNT, "packets wait in the kernel's ring (buffer_mib)"),
  send_buffer: COUNT.default(0).describe(
    'messages that may wait for a reporter without a fallback (0: as backpressure.send_buffer)',
  ),
  capture_ch: withoutEffect(COUNT, "packets wait in the kernel's ring (buffer_mib)"),
}).transform((channels) => ({
  /** Undefined: as the agent's configuration says. */
  sendBuffer: channels.send_buffer === 0 ? undefined : channels.send_buffer,
}));

const SHAPE = {
  id: ID.describe('name of the task'),
  workers: z
    .int()
    .min(0)
    .max(MOST_WORKERS)
    .default(1)
    .describe("threads that share an interface's packets, to capture and, with parsers, decode"),
  capture: CAPTURE.optional().describe('where packets come from'),
  ...SHORT_CAPTURE,
  decoder: DECODER.prefault({}).describe('what is taken apart'),
  parsers: z.array(PARSER).default([]).describe('what is found in packets; none: packets only'),
  processors: PROCESSORS.prefault([]).describe('what is done with it, in this order'),
  limits: LIMITS.prefault({}).describe('when the task ends by itself; 0: never'),
  reporters: REPORTERS.optional().describe('where packets and messages go'),
  channel_capacity: CHANNELS.prefault({}).describe("sizes of capture-agent's channels"),
};

/**
 * A task, as people write it down: capture-agent's, in the long form and in the short one. The output is normalised: one
 * form, times in ms, sizes in bytes.
 */
export const TASK = section(SHAPE).transform((task, context) => {
  const capture = captureOf(task, context);
  const reporters = task.reporters ?? [];
  refuseTwins(task.parsers, 'parsers', ({ name }) => name, context);
  refuseTwins(reporters, 'reporters', ({ id }) => id, context);
  refuseLostFallbacks(reporters, context);
  refuseIdleParts(task, reporters, context);
  return {
    id: task.id,
    workers: Math.max(task.workers, 1),
    capture,
    decoder: task.decoder,
    parsers: task.parsers,
    processors: task.processors,
    limits: task.limits,
    /** Empty only in the short form: then the agent's, or the console. */
    reporters,
    channelCapacity: task.channel_capacity,
  };
});

export type TaskDescription = z.output<typeof TASK>;

interface Given {
  readonly capture?: CaptureDescription | undefined;
  readonly interface?: readonly [string, ...string[]] | undefined;
  readonly bpf_filter?: string | undefined;
  readonly snap_len?: number | undefined;
  readonly reporters?: readonly ReporterDescription[] | undefined;
}

function captureOf(task: Given, context: z.RefinementCtx): CaptureDescription {
  const { capture, interface: interfaces, bpf_filter, snap_len } = task;
  const add = (key: string, message: string) => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  if (capture) {
    for (const key of ['interface', 'bpf_filter', 'snap_len'] as const)
      if (task[key] !== undefined) add(key, `it belongs below capture\nmove it to capture.${key}`);
    if ((task.reporters ?? []).length === 0)
      add('reporters', 'there is none\nname one, for example reporters: [{name: console}]');
    return capture;
  }
  if (interfaces) return interfaceCapture(interfaces, { bpf_filter, snap_len });
  add('capture', 'it is missing\ngive capture, or interface: NAME in the short form');
  return z.NEVER;
}

function refuseTwins<Entry>(
  entries: readonly Entry[],
  key: string,
  idOf: (entry: Entry) => string,
  context: z.RefinementCtx,
): void {
  const ids = entries.map(idOf);
  for (const [index, id] of ids.entries())
    if (ids.indexOf(id) < index)
      context.addIssue({
        ...{ code: 'custom', path: [key, index] },
        message: withRemedy(
          `${id}: given twice`,
          key === 'reporters'
            ? 'call one of them otherwise, for example as: other'
            : 'give it once',
        ),
      });
}

function refuseLostFallbacks(
  reporters: readonly ReporterDescription[],
  context: z.RefinementCtx,
): void {
  const add = (index: number, message: string) => {
    context.addIssue({ code: 'custom', path: ['reporters', index, 'fallback'], message });
  };
  for (const [index, { id, fallback }] of reporters.entries()) {
    if (fallback === undefined || fallback === 'spool') continue;
    const others = reporters.filter((other) => other.id !== id);
    const target = others.find((other) => other.id === fallback);
    const known = ['spool', ...others.map((other) => other.id)].join(', ');
    if (fallback === id) add(index, 'it is the reporter itself\nname another one, or spool');
    else if (!target)
      add(index, withRemedy(`no reporter is called ${fallback}`, `use one of: ${known}`));
    else if (leadsBack(reporters, id))
      add(index, `it leads back to ${id}\nlet one of them end in spool, or nowhere`);
  }
}

function leadsBack(reporters: readonly ReporterDescription[], from: string): boolean {
  const seen = new Set<string>();
  let at: string | undefined = from;
  while (at !== undefined && !seen.has(at)) {
    seen.add(at);
    const next: string | undefined = reporters.find(({ id }) => id === at)?.fallback;
    if (next === from) return true;
    at = next;
  }
  return false;
}

/** What would never get anything to do. */
function refuseIdleParts(
  { parsers, processors }: z.output<ReturnType<typeof section<typeof SHAPE>>>,
  reporters: readonly ReporterDescription[],
  context: z.RefinementCtx,
): void {
  if (parsers.length > 0) return;
  const remedy = 'add parsers: [sip]';
  for (const [index, { name }] of reporters.entries())
    if (TAKES[name] === 'messages')
      context.addIssue({
        ...{ code: 'custom', path: ['reporters', index] },
        message: withRemedy(`${name} reports messages, and no parser finds any`, remedy),
      });
  const ofMessages = processors.find(
    (processor) => processor.name === 'plan' || 'sip' in processor,
  );
  if (ofMessages)
    context.addIssue({
      ...{ code: 'custom', path: ['processors'] },
      message: withRemedy(
        `${ofMessages.name === 'plan' ? 'a plan for' : 'a filter on'} SIP, and no parser finds any`,
        remedy,
      ),
    });
}
