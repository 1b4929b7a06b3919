import type { Logger } from 'pino';
import { parseLinkType } from '../capture/link-type.js';
import { usageError } from '../errors/user-error.js';
import { parseBothModes, type BothModes, type BridgeArguments } from './both-modes.js';
import { parseReadStart, type ReadStart } from '../kafka/read-start.js';
import type { ConsumingOptions } from '../task/consuming.js';
import { parsePrint, progressBeside } from './print-options.js';
import { isOutputTerminal } from '../terminal/standard-output.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { parseFileOptions } from './file-options.js';
import { parseTime } from './time.js';
import { parseChoice, parseSeconds } from './values.js';

/** What the command line of a consumer says. */
export type ConsumeOptions = BothModes & ConsumingOptions;

export function parseConsumeOptions(
  args: BridgeArguments,
  nowMs: number,
  log: Logger,
): ConsumeOptions {
  const both = parseBothModes(args, log);
  const from = args.from === undefined ? undefined : parseTime('--from', args.from, nowMs);
  const to = args.to === undefined ? undefined : parseTime('--to', args.to, nowMs);
  if (from !== undefined && to !== undefined && to <= from)
    throw usageError('--to', 'it is not after --from', 'give a later time');
  const slackMs = args.slack === 'all' ? undefined : parseSeconds('--slack', args.slack);
  const group = args.group ?? both.properties.get('group.id');
  const start = parseStart(args, { from, to, slackMs, group });
  if (start.kind === 'stored' && group === undefined)
    throw usageError(
      '-o stored',
      'offsets are stored for a group',
      'name it with -g, for example -g team-a',
    );
  const endsAtWatermarks = args.exit === true || (to !== undefined && to <= nowMs * 1000);
  const bounded = endsAtWatermarks || to !== undefined;
  const { prettyEvery } = both;
  const print = parsePrint(args, { prettyEvery, byDefault: prettyEvery === 0 && showsLines(args) });
  const options: ConsumeOptions = {
    ...both,
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
    ...parseFileOptions(args),
    linkType: args.linktype === undefined ? undefined : parseLinkType(args.linktype),
    print,
    progress: progressBeside(print, both.progress),
  };
  refuseUnfitOutput(options);
  if (print && args.print !== true)
    log.info(
      'standard output is a terminal, so packets are printed as lines; to get them: | tshark -i - or > out.pcap',
    );
  return options;
}

function parseStart(
  args: BridgeArguments,
  { from, to, slackMs, group }: Pick<ConsumeOptions, 'from' | 'to' | 'slackMs' | 'group'>,
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

/** A terminal shows lines: what else it would be sent is binary. */
function showsLines(args: BridgeArguments): boolean {
  const bytes = args.write !== undefined || args.format !== undefined;
  return isOutputTerminal() && !bytes;
}

function refuseUnfitOutput({ file, prettyEvery, fileFormat, print }: ConsumeOptions): void {
  if (fileFormat !== undefined && print && file === undefined)
    throw usageError(
      '-F and --print',
      'either packets or lines',
      'give only one of the two, or name a file for the packets with -w',
    );
  if (prettyEvery > 0 && file !== undefined)
    throw usageError('-w and -pp', 'either packets or lines', 'give only one of the two');
  if (prettyEvery > 0 && fileFormat !== undefined)
    throw usageError('-F and -pp', 'either packets or lines', 'give only one of the two');
  if (isOutputTerminal() && file === undefined && fileFormat !== undefined)
    throw usageError(
      'standard output',
      'it is a terminal, and packets are binary',
      [
        'ways to get the packets:',
        '  kcap --consumer … | tshark -i -      to look at them',
        '  kcap --consumer … > out.pcap         to keep them (or -w out.pcap)',
        'without -F each packet is printed as a line',
      ].join('\n'),
    );
}
