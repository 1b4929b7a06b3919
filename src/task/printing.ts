import type { PacketTextOptions } from '../decode/text/packet-text.js';
import { Branch } from '../pipeline/branch.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import { PacketLinesSink } from '../sinks/packet-lines.js';
import type { OpeningParts } from './opening-parts.js';

/** Records that may wait for a reader of their lines. */
const WAITING_BYTES = 8 * 1024 * 1024;

/**
 * Opens, in the scope, the branch that prints packets as lines; where nobody reads them any more, the run ends.
 *
 * @param whenSlow whether a reader that takes its time, or a terminal that was stopped, holds up the run
 */
export function openPrinting(
  print: PacketTextOptions,
  { openOutput, stop }: Pick<OpeningParts, 'openOutput' | 'stop'>,
  scope: Scope,
  whenSlow: 'wait' | 'drop',
): Branch {
  return new Branch({
    name: 'lines',
    sink: openLines(print, { openOutput, stop }, scope),
    whenSlow: whenSlow === 'wait' ? 'wait' : { dropBeyondBytes: WAITING_BYTES },
  });
}

/** Opens, in the scope, what prints packets as lines; where nobody reads them any more, the run ends. */
export function openLines(
  print: PacketTextOptions,
  { openOutput, stop }: Pick<OpeningParts, 'openOutput' | 'stop'>,
  scope: Scope,
): Sink {
  const output = scope.own(openOutput());
  // As `tcpdump | head` ends tcpdump.
  output.onReaderLeft(() => {
    stop.request();
  });
  return new PacketLinesSink(output, print);
}
