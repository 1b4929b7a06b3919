import { parseLinkType } from '../capture/link-type.js';
import { usageError } from '../errors/user-error.js';
import { parseReadStart, type ReadStart } from '../kafka/read-start.js';
import type { ReadingOptions } from '../task/reading.js';
import type { BridgeArguments } from './both-modes.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import type { KafkaOptions } from './kafka-arguments.js';
import { parseTime } from './time.js';
import { parseChoice, parseSeconds } from './values.js';

/** What the command line says of reading a topic. */
export type ReadingArguments = Pick<
  BridgeArguments,
  | 'kafka-offset'
  | 'exit'
  | 'from'
  | 'to'
  | 'slack'
  | 'group'
  | 'order'
  | 'key-unit'
  | 'values'
  | 'linktype'
>;

export function parseReading(
  args: ReadingArguments,
  kafka: KafkaOptions,
  nowMs: number,
): ReadingOptions {
  const from = args.from === undefined ? undefined : parseTime('--from', args.from, nowMs);
  const to = args.to === undefined ? undefined : parseTime('--to', args.to, nowMs);
  if (from !== undefined && to !== undefined && to <= from)
    throw usageError('--to', 'it is not after --from', 'give a later time');
  const slackMs = args.slack === 'all' ? undefined : parseSeconds('--slack', args.slack);
  const group = args.group ?? kafka.properties.get('group.id');
  const start = parseStart(args, { from, to, slackMs, group });
  if (start.kind === 'stored' && group === undefined)
    throw usageError(
      '-o stored',
      'offsets are stored for a group',
      'name it with -g, for example -g team-a',
    );
  const endsAtWatermarks = args.exit === true || (to !== undefined && to <= nowMs * 1000);
  const bounded = endsAtWatermarks || to !== undefined;
  return {
    topic: kafka.topic,
    properties: kafka.properties,
    start,
    from,
    to,
    slackMs,
    endsAtWatermarks,
    inTimeOrder:
      parseChoice(
        '--order',
        args.order ?? (bounded ? 'time' : 'arrival'),
        BRIDGE_OPTIONS.order.oneOf,
      ) === 'time',
    keyUnit: parseChoice('--key-unit', args['key-unit'], BRIDGE_OPTIONS['key-unit'].oneOf),
    values: parseChoice('--values', args.values, BRIDGE_OPTIONS.values.oneOf),
    group,
    linkType: args.linktype === undefined ? undefined : parseLinkType(args.linktype),
  };
}

function parseStart(
  args: ReadingArguments,
  { from, to, slackMs, group }: Pick<ReadingOptions, 'from' | 'to' | 'slackMs' | 'group'>,
): ReadStart {
  const given = args['kafka-offset'];
  if (given !== undefined && from !== undefined)
    throw usageError('-o and --from', 'both say where to begin', 'give only one of the two');
  if (given !== undefined) return parseReadStart(given);
  if (from !== undefined)
    return slackMs === undefined
      ? { kind: 'begin' }
      : { kind: 'before', timeMs: Math.max(Math.floor(from / 1000 - slackMs), 0) };
  if (group !== undefined) return { kind: 'stored' };
  return { kind: to === undefined ? 'end' : 'begin' };
}
