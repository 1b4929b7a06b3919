import { uint16, uint8 } from '../../protocols/network-order.js';
import { decodePpp, decodePppDirection } from '../link/ppp.js';
import { decodePppoe, PPPOE_BYTES } from '../link/pppoe.js';
import { Layer } from '../layer.js';
import { printUnknownBytes } from './hex-dump.js';
import { printTrouble, type Printing } from './printing.js';

const PROTOCOLS: Readonly<Record<number, string>> = {
  0x003d: 'MLPPP',
  0x00fd: 'Compressed',
  0xc021: 'LCP',
  0xc023: 'PAP',
  0xc025: 'LQM',
  0xc223: 'CHAP',
  0xc227: 'EAP',
  0x8021: 'IPCP',
  0x8057: 'IP6CP',
  0x8281: 'MPLSCP',
  0x80fd: 'CCP',
};
/** Those whose packets begin with a code, an id and a length. */
const CONTROL = new Set([0xc021, 0x8021, 0x8057, 0x8281, 0x80fd]);
const CODES = [
  ...['Vendor-Extension', 'Conf-Request', 'Conf-Ack', 'Conf-Nack', 'Conf-Reject', 'Term-Request'],
  ...['Term-Ack', 'Code-Reject', 'Prot-Reject', 'Echo-Request', 'Echo-Reply', 'Disc-Req'],
  ...['Ident', 'Time-Rem', 'Reset-Req', 'Reset-Ack'],
];

export function printPppDirection(printing: Printing): void {
  decodePppDirection(printing.cursor);
  printTrouble(printing, 'ppp');
}

export function printPpp(printing: Printing): void {
  const { line, cursor } = printing;
  decodePpp(cursor);
  if (printTrouble(printing, 'ppp') || cursor.layer !== Layer.Data) return;
  const { bytes, at, etherType: protocol } = cursor;
  const name = PROTOCOLS[protocol];
  if (name === undefined) {
    line.text('unknown PPP protocol (0x');
    line.hex(protocol, 4);
    line.text(') ');
    printUnknownBytes(printing, at);
    return;
  }
  line.text(name);
  line.text(', ');
  if (!CONTROL.has(protocol)) {
    line.text('length ');
    line.decimal(cursor.wireEnd - at);
  } else if (cursor.end - at < 4) {
    line.cut('ppp');
  } else {
    line.text(CODES[uint8(bytes, at)] ?? 'Unknown Opcode');
    line.text(' (0x');
    line.hex(uint8(bytes, at), 2);
    line.text('), id ');
    line.decimal(uint8(bytes, at + 1));
    line.text(', length ');
    line.decimal(cursor.wireEnd - at + 2);
  }
}

const DISCOVERY: Readonly<Record<number, string>> = {
  0x09: 'PADI',
  0x07: 'PADO',
  0x19: 'PADR',
  0x65: 'PADS',
  0xa7: 'PADT',
};
const TAGS: Readonly<Record<number, string>> = {
  0: 'EOL',
  0x0101: 'Service-Name',
  0x0102: 'AC-Name',
  0x0103: 'Host-Uniq',
  0x0104: 'AC-Cookie',
  0x0105: 'Vendor-Specific',
  0x0110: 'Relay-Session-ID',
  0x0120: 'PPP-Max-Payload',
  0x0201: 'Service-Name-Error',
  0x0202: 'AC-System-Error',
  0x0203: 'Generic-Error',
};
const MOST_TAG_CHARACTERS = 79;

export function printPppoe(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, at } = cursor;
  const wireBytes = cursor.wireEnd - at - PPPOE_BYTES;
  decodePppoe(cursor);
  if (printTrouble(printing, 'pppoe')) return;
  const code = uint8(bytes, at + 1);
  const session = uint16(bytes, at + 2);
  const length = uint16(bytes, at + 4);
  line.text('PPPoE ');
  if (code !== 0) {
    const name = DISCOVERY[code];
    line.text(name ?? 'PAD-');
    if (name === undefined) line.hex(code);
  }
  if (length > wireBytes) {
    line.text(' [len ');
    line.decimal(length);
    line.text(' > ');
    line.decimal(wireBytes);
    line.text('!]');
  }
  if (session !== 0) {
    line.text(' [ses 0x');
    line.hex(session);
    line.character(0x5d);
  }
  if (code === 0) line.space();
  else printTags(printing);
}

function printTags({ line, cursor }: Printing): void {
  const { bytes, end } = cursor;
  for (let { at } = cursor, type = -1; type !== 0 && at < end;) {
    if (end - at < 4) {
      line.cut('pppoe');
      return;
    }
    type = uint16(bytes, at);
    const length = uint16(bytes, at + 2);
    at += 4;
    if (end - at < length) {
      line.cut('pppoe');
      return;
    }
    const name = TAGS[type];
    line.text(' [');
    line.text(name ?? 'TAG-0x');
    if (name === undefined) line.hex(type);
    if (length > 0) {
      if (isText(bytes, at, at + length)) {
        line.text(' "');
        line.printable(bytes, at, at + Math.min(length, MOST_TAG_CHARACTERS));
        line.character(0x22);
      } else {
        line.text(' 0x');
        line.hexBytes(bytes, at, at + length);
      }
    }
    line.character(0x5d);
    at += length;
  }
}

/** More of it is printable than not. */
function isText(bytes: Buffer, at: number, end: number): boolean {
  const last = Math.min(end, at + MOST_TAG_CHARACTERS);
  let printable = 0;
  for (let i = at; i < last; i++) {
    const code = uint8(bytes, i);
    if (code >= 0x20 && code < 0x7f) printable++;
  }
  return printable * 2 > last - at;
}
