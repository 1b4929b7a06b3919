import { uint32, uint8 } from '../../protocols/network-order.js';
import type { Printing } from './printing.js';

const MODES = [
  ...['unspecified', 'symmetric active', 'symmetric passive', 'Client', 'Server', 'Broadcast'],
  ...['Control Message', 'Reserved'],
];
const HEADER_BYTES = 48;
const FIRST_FOUR = 0x20;

/** NTP (RFC 5905). */
export function printNtp({ line, cursor, verbose }: Printing, length: number): void {
  const { bytes, at, end } = cursor;
  line.text('NTP');
  if (end === at) {
    line.cut('ntp');
    return;
  }
  const first = uint8(bytes, at);
  const mode = first & 7;
  line.text('v');
  line.decimal((first >> 3) & 7);
  line.text(', ');
  line.text(MODES[mode] ?? '');
  line.text(', length ');
  line.decimal(length);
  if (!verbose || mode > 5) return;
  if (end - at < HEADER_BYTES) {
    line.cut('ntp');
    return;
  }
  const stratum = uint8(bytes, at + 1);
  line.text(', leap ');
  line.decimal(first >> 6);
  line.text(', stratum ');
  line.decimal(stratum);
  line.text(', poll ');
  line.decimal(uint8(bytes, at + 2));
  line.text(', reference ');
  // Servers that have a clock of their own name its kind.
  if (stratum === 1 && uint8(bytes, at + 12) >= FIRST_FOUR) line.printable(bytes, at + 12, at + 16);
  else {
    line.text('0x');
    line.hex(uint32(bytes, at + 12), 8);
  }
}
