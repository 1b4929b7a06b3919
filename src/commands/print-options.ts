import type { PacketTextOptions } from '../decode/text/packet-text.js';
import { usageError } from '../errors/user-error.js';
import { isOutputTerminal, outputShowsColours } from '../terminal/standard-output.js';
import type { BridgeArguments } from './both-modes.js';

/** How packets are printed as lines, if they are: where that is asked for, or `byDefault`. */
export function parsePrint(
  args: BridgeArguments,
  { prettyEvery, byDefault }: { readonly prettyEvery: number; readonly byDefault: boolean },
): PacketTextOptions | undefined {
  const { verbose, hex, 'hex-ascii': hexAscii } = args;
  if (args.print === true && prettyEvery > 0)
    throw usageError('-pp and --print', 'one of two kinds of lines', 'give only one of the two');
  if (!(args.print ?? byDefault)) {
    for (const option of ['verbose', 'hex', 'hex-ascii'] as const)
      if (args[option] === true)
        throw usageError(`--${option}`, 'no packet is printed', 'print them with --print');
    return undefined;
  }
  return {
    verbose: verbose === true,
    dump: hexAscii === true ? 'hex-ascii' : hex === true ? 'hex' : 'none',
    colours: outputShowsColours(),
  };
}

/**
 * Whether progress is shown; undefined: where standard error is a terminal. Lines of packets and a progress line would
 * overwrite each other at one terminal, so there it has to be asked for.
 */
export function progressBeside(
  print: PacketTextOptions | undefined,
  asked: boolean | undefined,
): boolean | undefined {
  return asked ?? (print !== undefined && isOutputTerminal() ? false : undefined);
}
