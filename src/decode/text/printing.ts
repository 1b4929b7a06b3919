import type { PacketCursor } from '../cursor.js';
import { Trouble } from '../layer.js';
import type { Line } from './line.js';
import type { SequenceOrigins } from './sequence-origins.js';

/** What the printers of protocols work with: one object, for all packets. */
export interface Printing {
  readonly line: Line;
  readonly cursor: PacketCursor;
  /** Whether more is said of each protocol. */
  readonly verbose: boolean;
  /** Whether the bytes of each packet are printed below its line. */
  readonly dumpsAll: boolean;
  readonly origins: SequenceOrigins;
  /** Whether the addresses of this IP header were printed, so that a transport prints only its ports. */
  hasAddresses: boolean;
}

/** Says at its place that a protocol's header is cut or makes no sense. False where neither is so. */
export function printTrouble({ line, cursor }: Printing, protocol: string): boolean {
  switch (cursor.trouble) {
    case Trouble.None:
      return false;
    case Trouble.Cut:
      line.cut(protocol);
      return true;
    case Trouble.Malformed:
      line.invalid();
      return true;
    case Trouble.TooDeep:
      line.text(' [nested too deep]');
      return true;
  }
}

/** One of the names that a protocol has for a number, or the number behind a word. */
export function printName(
  line: Line,
  names: Readonly<Record<number, string>>,
  value: number,
  otherwise: string,
): void {
  const name = names[value];
  if (name !== undefined) {
    line.text(name);
    return;
  }
  line.text(otherwise);
  line.decimal(value);
}
