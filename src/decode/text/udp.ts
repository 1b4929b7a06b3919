import { uint16 } from '../../protocols/network-order.js';
import { expectedTransportChecksum } from '../checksum.js';
import { Layer, Trouble } from '../layer.js';
import { decodeUdp, UDP_BYTES } from '../transport/udp.js';
import { printUdpPayload } from './application.js';
import { printAddresses, printEnds } from './ip.js';
import { printTrouble, type Printing } from './printing.js';

export function printUdp(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at } = cursor;
  const captured = cursor.end - at;
  const wireBytes = cursor.wireEnd - at;
  decodeUdp(cursor);
  if (captured < UDP_BYTES) {
    printWithoutHeader(printing, captured);
    return;
  }
  printEnds(printing);
  const length = uint16(bytes, at + 4);
  if (cursor.trouble === Trouble.Malformed) {
    line.text('truncated-udplength ');
    line.decimal(length);
    return;
  }
  if (printing.verbose && cursor.ipVersion === 6) printChecksum(printing, at);
  if (cursor.layer !== Layer.Data) return;
  const payload = length === 0 ? wireBytes - UDP_BYTES : length - UDP_BYTES;
  printUdpPayload(printing, payload, wireBytes - UDP_BYTES);
}

function printWithoutHeader(printing: Printing, captured: number): void {
  const { line, cursor } = printing;
  const { bytes, at } = cursor;
  if (captured >= 4) {
    cursor.sourcePort = uint16(bytes, at);
    cursor.destinationPort = uint16(bytes, at + 2);
    printEnds(printing);
  } else if (!printing.hasAddresses) {
    printAddresses(printing);
    line.text(': ');
  }
  if (cursor.trouble === Trouble.Cut) {
    printTrouble(printing, 'udp');
    return;
  }
  line.text('truncated-udp ');
  line.decimal(captured);
}

/** Over IPv4 it may be left out; over IPv6 it may not. */
function printChecksum({ line, cursor }: Printing, at: number): void {
  if (cursor.wireEnd > cursor.end || cursor.hasMoreFragments) return;
  const checksum = uint16(cursor.bytes, at + 6);
  const right = expectedTransportChecksum(cursor, at, cursor.wireEnd, at + 6);
  // Of a sum of 0 all bits are sent, as 0 would mean that there is none.
  if (checksum === right || (right === 0 && checksum === 0xffff)) {
    line.text('[udp sum ok] ');
    return;
  }
  line.text('[bad udp cksum 0x');
  line.hex(checksum, 4);
  line.text(' -> 0x');
  line.hex(right, 4);
  line.text('!] ');
}
