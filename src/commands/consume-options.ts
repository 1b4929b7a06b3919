import type { Logger } from 'pino';
import { usageError } from '../errors/user-error.js';
import { parseBothModes, type BothModes, type BridgeArguments } from './both-modes.js';
import type { ConsumingOptions } from '../task/consuming.js';
import { parsePrint, progressBeside } from './print-options.js';
import { isOutputTerminal } from '../terminal/standard-output.js';
import { parseFileOptions } from './file-options.js';
import { parseReading } from './reading-arguments.js';

/** What the command line of a consumer says. */
export type ConsumeOptions = BothModes & ConsumingOptions;

export function parseConsumeOptions(
  args: BridgeArguments,
  nowMs: number,
  log: Logger,
): ConsumeOptions {
  const both = parseBothModes(args, log);
  const reading = parseReading(args, both, nowMs);
  const { prettyEvery } = both;
  const print = parsePrint(args, { prettyEvery, byDefault: prettyEvery === 0 && showsLines(args) });
  const options: ConsumeOptions = {
    ...both,
    ...reading,
    ...parseFileOptions(args),
    print,
    progress: progressBeside(print, both.progress),
  };
  refuseUnfitOutput(options);
  if (print && args.print !== true)
    log.info('a terminal gets lines; for the packets: | tshark -i - or > out.pcap');
  return options;
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
  const isBinary = !print && prettyEvery === 0;
  if (isOutputTerminal() && file === undefined && isBinary)
    throw usageError(
      'standard output',
      'it is a terminal, and packets are binary',
      [
        'ways to get the packets:',
        '  kcap --consumer … | tshark -i -      to look at them',
        '  kcap --consumer … > out.pcap         to keep them (or -w out.pcap)',
        'without -F and --no-print, each packet is printed as a line',
      ].join('\n'),
    );
}
