import { uint32 } from '../../protocols/network-order.js';
import { decodeMpls, LABEL_BYTES } from '../link/mpls.js';
import { Layer } from '../layer.js';
import { printUnknownBytes } from './hex-dump.js';
import { printTrouble, type Printing } from './printing.js';

export function printMpls(printing: Printing): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at } = cursor;
  line.text('MPLS');
  const { end } = cursor;
  decodeMpls(cursor);
  let next = at;
  for (let isLast = false; !isLast && next + LABEL_BYTES <= end; next += LABEL_BYTES) {
    const entry = uint32(bytes, next);
    isLast = (entry & 0x100) !== 0;
    line.text(verbose && next > at ? '\n\t(label ' : ' (label ');
    line.decimal(entry >>> 12);
    line.text(', tc ');
    line.decimal((entry >>> 9) & 7);
    if (isLast) line.text(', [S]');
    line.text(', ttl ');
    line.decimal(entry & 0xff);
    line.character(0x29);
  }
  if (printTrouble(printing, 'mpls')) return;
  if (cursor.layer === Layer.Data) printUnknownBytes(printing, cursor.at);
  else line.text(verbose ? '\n\t' : ' ');
}
