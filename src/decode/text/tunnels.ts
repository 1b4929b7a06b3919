import { uint16, uint24, uint32, uint8 } from '../../protocols/network-order.js';
import { decodeErspanI, decodeErspanII, decodeErspanIII } from '../tunnel/erspan.js';
import { decodeGeneve, GENEVE_BYTES } from '../tunnel/geneve.js';
import {
  ACKNOWLEDGMENT,
  CHECKSUM,
  decodeGre,
  KEY,
  ROUTING,
  SEQUENCE,
  VERSION,
} from '../tunnel/gre.js';
import { decodeGtp, GTP_BYTES } from '../tunnel/gtp.js';
import { decodeTzsp } from '../tunnel/tzsp.js';
import { decodeVxlan, VXLAN_BYTES } from '../tunnel/vxlan.js';
import { decodeIpTunnel } from '../network/ip-protocol.js';
import { Layer, Trouble } from '../layer.js';
import { printUdpPayload } from './application.js';
import type { Line } from './line.js';
import { printTrouble, type Printing } from './printing.js';

export function printIpTunnel(printing: Printing): void {
  decodeIpTunnel(printing.cursor);
  printTrouble(printing, 'ip');
}

export function printGre(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at, end } = cursor;
  const wireBytes = cursor.wireEnd - at;
  decodeGre(cursor);
  if (end - at < 4) {
    printTrouble(printing, 'gre');
    return;
  }
  const flags = uint16(bytes, at);
  const version = flags & VERSION;
  line.text('GREv');
  line.decimal(version);
  if (version > 1) {
    line.text(' ERROR: unknown-version');
    return;
  }
  if (cursor.trouble === Trouble.Cut) {
    printTrouble(printing, 'gre');
    return;
  }
  if (printing.verbose) printGreFlags(line, flags);
  if (version === 0) printOptional(line, bytes, at + 4, flags);
  else printCall(line, bytes, at + 4, flags);
  line.text(', length ');
  line.decimal(wireBytes);
  if (version === 1 && (flags & SEQUENCE) === 0) {
    cursor.layer = Layer.Data;
    return;
  }
  line.text(printing.verbose ? '\n\t' : ': ');
  if (printTrouble(printing, 'gre') || cursor.layer !== Layer.Data) return;
  line.text('gre-proto-0x');
  line.hex(cursor.etherType);
}

const GRE_FLAGS = [
  [CHECKSUM, 'checksum present'],
  [ROUTING, 'routing present'],
  [KEY, 'key present'],
  [SEQUENCE, 'sequence# present'],
  [ACKNOWLEDGMENT, 'ack present'],
] as const;

function printGreFlags(line: Line, flags: number): void {
  const present = GRE_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  line.text(', Flags [');
  line.text(present.length === 0 ? 'none' : present.join(', '));
  line.character(0x5d);
}

function printOptional(line: Line, bytes: Buffer, first: number, flags: number): void {
  let at = first;
  if ((flags & (CHECKSUM | ROUTING)) !== 0) {
    line.text(', off 0x');
    line.hex(uint16(bytes, at + 2));
    at += 4;
  }
  if ((flags & KEY) !== 0) {
    line.text(', key=0x');
    line.hex(uint32(bytes, at));
    at += 4;
  }
  if ((flags & SEQUENCE) !== 0) printField(line, ', seq ', uint32(bytes, at));
}

/** Version 1, of PPTP. */
function printCall(line: Line, bytes: Buffer, first: number, flags: number): void {
  let at = first;
  if ((flags & KEY) !== 0) {
    printField(line, ', call ', uint16(bytes, at + 2));
    at += 4;
  }
  if ((flags & SEQUENCE) !== 0) {
    printField(line, ', seq ', uint32(bytes, at));
    at += 4;
  }
  if ((flags & ACKNOWLEDGMENT) !== 0) printField(line, ', ack ', uint32(bytes, at));
  if ((flags & SEQUENCE) === 0) line.text(', no-payload');
}

export function printErspanI(printing: Printing): void {
  printing.line.text('ERSPAN I, ');
  decodeErspanI(printing.cursor);
}

export function printErspanII(printing: Printing): void {
  const { cursor } = printing;
  const { at } = cursor;
  decodeErspanII(cursor);
  printSession(printing, 'ERSPAN II', at);
}

export function printErspanIII(printing: Printing): void {
  const { cursor } = printing;
  const { at } = cursor;
  decodeErspanIII(cursor);
  printSession(printing, 'ERSPAN III', at);
}

function printSession(printing: Printing, name: string, at: number): void {
  const { line, cursor } = printing;
  line.text(name);
  if (printTrouble(printing, 'erspan')) return;
  printField(line, ', session ', uint16(cursor.bytes, at + 2) & 0x3ff);
  printField(line, ', vlan ', uint16(cursor.bytes, at) & 0xfff);
  line.text(': ');
}

export function printVxlan(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at, end } = cursor;
  decodeVxlan(cursor);
  if (end - at >= VXLAN_BYTES && cursor.at === at) {
    printDatagram(printing);
    return;
  }
  line.text('VXLAN');
  if (end - at >= VXLAN_BYTES) {
    const flags = uint8(bytes, at);
    line.text(', flags [I] (0x');
    line.hex(flags, 2);
    printField(line, '), vni ', uint24(bytes, at + 4));
    line.text(': ');
  }
  printTrouble(printing, 'vxlan');
}

export function printGeneve(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at, end } = cursor;
  decodeGeneve(cursor);
  if (cursor.trouble === Trouble.None && cursor.at === at) {
    printDatagram(printing);
    return;
  }
  line.text('Geneve');
  if (end - at >= GENEVE_BYTES) {
    const flags = uint8(bytes, at + 1);
    line.text(', Flags [');
    if ((flags & 0x80) !== 0) line.character(0x4f);
    if ((flags & 0x40) !== 0) line.character(0x43);
    if ((flags & 0xc0) === 0) line.text('none');
    line.text('], vni 0x');
    line.hex(uint24(bytes, at + 4));
    const options = (uint8(bytes, at) & 0x3f) << 2;
    if (options > 0) {
      printField(line, ', options [', options);
      line.text(' bytes]');
    }
    line.text(printing.verbose ? '\n\t' : ': ');
  }
  printTrouble(printing, 'geneve');
}

export function printGtp(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at, end } = cursor;
  decodeGtp(cursor);
  if (cursor.trouble === Trouble.None && cursor.at === at) {
    printDatagram(printing);
    return;
  }
  line.text('GTP-U');
  if (end - at >= GTP_BYTES) {
    line.text(', teid 0x');
    line.hex(uint32(bytes, at + 4), 8);
    line.text(': ');
  }
  printTrouble(printing, 'gtp');
}

export function printTzsp(printing: Printing): void {
  const { line, cursor } = printing;
  const { at } = cursor;
  decodeTzsp(cursor);
  if (cursor.trouble === Trouble.None && cursor.at === at) {
    printDatagram(printing);
    return;
  }
  line.text('TZSP: ');
  printTrouble(printing, 'tzsp');
}

/** What only has the port of a tunnel. */
function printDatagram(printing: Printing): void {
  const { at, wireEnd } = printing.cursor;
  printUdpPayload(printing, wireEnd - at, wireEnd - at);
}

function printField(line: Line, name: string, value: number): void {
  line.text(name);
  line.decimal(value);
}
