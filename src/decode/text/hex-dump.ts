import { uint8 } from '../../protocols/network-order.js';
import type { Line } from './line.js';
import type { Printing } from './printing.js';

const LINE_BYTES = 16;
const HEX_COLUMNS = 40;

/** Lines of bytes in hex, and of their ASCII, as tcpdump's -x and -X write them; each begins with a line end. */
export function printHexDump(
  line: Line,
  bytes: Buffer,
  at: number,
  end: number,
  withAscii: boolean,
): void {
  for (let first = at; first < end; first += LINE_BYTES) {
    const last = Math.min(first + LINE_BYTES, end);
    line.text('\n\t0x');
    line.hex(first - at, 4);
    line.text(': ');
    let columns = 0;
    for (let i = first; i < last; i++) {
      if ((i - first) % 2 === 0) {
        line.space();
        columns++;
      }
      line.hex(uint8(bytes, i), 2);
      columns += 2;
    }
    if (!withAscii) continue;
    for (; columns < HEX_COLUMNS + 2; columns++) line.space();
    printGraphic(line, bytes, first, last);
  }
}

function printGraphic(line: Line, bytes: Buffer, at: number, end: number): void {
  for (let i = at; i < end; i++) {
    const code = uint8(bytes, i);
    // Not even a space: what is one stands out.
    line.character(code > 0x20 && code < 0x7f ? code : 0x2e);
  }
}

/** Prints the rest of a packet that no printer here knows, unless the bytes of all packets are printed anyway. */
export function printUnknownBytes({ line, cursor, dumpsAll }: Printing, at: number): void {
  if (!dumpsAll) printHexDump(line, cursor.bytes, at, cursor.end, true);
}
