import { uint16, uint8 } from '../../protocols/network-order.js';
import { Layer } from '../layer.js';
import { printUnknownBytes } from './hex-dump.js';
import type { Printing } from './printing.js';

const HEADER_BYTES = 8;
const IPV4 = 0x0800;
const HARDWARE: Readonly<Record<number, string>> = {
  1: 'Ethernet',
  6: 'TokenRing',
  7: 'ArcNet',
  15: 'FrameRelay',
  19: 'ATM',
  23: 'Strip',
  24: 'IEEE1394',
  32: 'Infiniband',
};
const OPERATIONS: Readonly<Record<number, string>> = {
  1: 'Request',
  2: 'Reply',
  3: 'Reverse Request',
  4: 'Reverse Reply',
  8: 'Inverse Request',
  9: 'Inverse Reply',
  10: 'NACK Reply',
};

/** ARP and reverse ARP (RFC 826, 903). */
export function printArp(printing: Printing): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at, end } = cursor;
  cursor.layer = Layer.Data;
  const hardwareBytes = uint8(bytes, at + 4);
  const protocolBytes = uint8(bytes, at + 5);
  if (end - at < HEADER_BYTES || end - at < HEADER_BYTES + 2 * (hardwareBytes + protocolBytes)) {
    line.cut('arp');
    return;
  }
  const isKnown = uint16(bytes, at + 2) === IPV4 && protocolBytes === 4 && hardwareBytes > 0;
  line.text('ARP, ');
  if (!isKnown || verbose) printKinds(printing);
  if (isKnown) {
    if (verbose) line.text(', ');
    printOperation(printing, hardwareBytes);
  }
  if (isKnown && OPERATIONS[uint16(bytes, at + 6)] === undefined) return;
  line.text(', length ');
  line.decimal(cursor.wireEnd - at);
}

function printKinds({ line, cursor }: Printing): void {
  const { bytes, at } = cursor;
  const hardware = uint16(bytes, at);
  const protocol = uint16(bytes, at + 2);
  const name = HARDWARE[hardware];
  line.text(name ?? 'Unknown Hardware (');
  if (name === undefined) line.decimal(hardware);
  line.text(name === undefined ? ') (len ' : ' (len ');
  line.decimal(uint8(bytes, at + 4));
  line.text(protocol === IPV4 ? '), IPv4' : '), Unknown Protocol (0x');
  if (protocol !== IPV4) line.hex(protocol, 4);
  line.text(protocol === IPV4 ? ' (len ' : ') (len ');
  line.decimal(uint8(bytes, at + 5));
  line.character(0x29);
}

function printOperation(printing: Printing, hardwareBytes: number): void {
  const { line, cursor } = printing;
  const { bytes, at } = cursor;
  const operation = uint16(bytes, at + 6);
  const sender = at + HEADER_BYTES;
  const senderIp = sender + hardwareBytes;
  const target = senderIp + 4;
  const targetIp = target + hardwareBytes;
  const name = OPERATIONS[operation];
  line.text(name ?? 'Unknown (');
  if (name === undefined) line.decimal(operation);
  line.text(name === undefined ? ') ' : ' ');
  switch (operation) {
    case 1:
      line.text('who-has ');
      line.ipv4(bytes, targetIp);
      if (!isZero(bytes, target, hardwareBytes)) {
        line.text(' (');
        line.mac(bytes, target, hardwareBytes);
        line.character(0x29);
      }
      line.text(' tell ');
      line.ipv4(bytes, senderIp);
      return;
    case 2:
      line.ipv4(bytes, senderIp);
      line.text(' is-at ');
      line.mac(bytes, sender, hardwareBytes);
      return;
    case 3:
    case 8:
      line.text('who-is ');
      line.mac(bytes, target, hardwareBytes);
      line.text(' tell ');
      line.mac(bytes, sender, hardwareBytes);
      return;
    case 4:
      line.mac(bytes, target, hardwareBytes);
      line.text(' at ');
      line.ipv4(bytes, targetIp);
      return;
    case 9:
      line.mac(bytes, sender, hardwareBytes);
      line.text(' at ');
      line.ipv4(bytes, senderIp);
      return;
    default:
      printUnknownBytes(printing, at);
  }
}

function isZero(bytes: Buffer, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (uint8(bytes, at + i) !== 0) return false;
  return true;
}
