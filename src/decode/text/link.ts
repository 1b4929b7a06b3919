import { uint32, uint8 } from '../../protocols/network-order.js';
import { decodeEthernet } from '../link/ethernet.js';
import { decodeIeee80211 } from '../link/ieee80211.js';
import { decodeLinuxCooked, decodeLinuxCooked2 } from '../link/linux-cooked.js';
import { decodeLlc } from '../link/llc.js';
import { addressFamily, decodeNull } from '../link/null.js';
import { decodeRadiotap } from '../link/radiotap.js';
import { decodeVlan } from '../link/vlan.js';
import { Layer } from '../layer.js';
import { printUnknownBytes } from './hex-dump.js';
import { printTrouble, type Printing } from './printing.js';

/** Directions of Linux cooked capture, as tcpdump calls them. */
const DIRECTIONS = ['In ', 'B  ', 'M  ', 'P  ', 'Out'];

/** Ethernet shows only where nothing in it is known. */
export function printEthernet(printing: Printing): void {
  const { cursor } = printing;
  decodeEthernet(cursor);
  if (!printTrouble(printing, 'ether') && cursor.layer === Layer.Data) printUnknown(printing);
}

export function printVlan(printing: Printing): void {
  const { line, cursor } = printing;
  decodeVlan(cursor);
  if (printTrouble(printing, 'vlan')) return;
  const { vlanTag } = cursor;
  line.text('vlan ');
  line.decimal(vlanTag & 0xfff);
  line.text(', p ');
  line.decimal(vlanTag >> 13);
  line.text((vlanTag & 0x1000) === 0 ? ', ' : ', DEI, ');
  if (cursor.layer === Layer.Data) printUnknown(printing);
}

/** 802.2 that is no SNAP, or SNAP of a protocol that is not known. */
export function printLlc(printing: Printing): void {
  const { line, cursor } = printing;
  const { at } = cursor;
  decodeLlc(cursor);
  if (printTrouble(printing, 'llc') || cursor.layer !== Layer.Data) return;
  const { bytes } = cursor;
  if (cursor.at > at) {
    printUnknown(printing);
    return;
  }
  line.text('LLC, dsap 0x');
  line.hex(uint8(bytes, at), 2);
  line.text(', ssap 0x');
  line.hex(uint8(bytes, at + 1), 2);
  line.text(', ctrl 0x');
  line.hex(uint8(bytes, at + 2), 2);
  line.text(', length ');
  line.decimal(cursor.wireEnd - at);
}

export function printLinuxCooked(printing: Printing): void {
  const { cursor } = printing;
  decodeLinuxCooked(cursor);
  if (!printTrouble(printing, 'sll') && cursor.layer === Layer.Data) printUnknown(printing);
}

/** The interface's number, as no other machine knows its name, and the direction. */
export function printLinuxCooked2(printing: Printing): void {
  const { line, cursor } = printing;
  const { at, bytes } = cursor;
  decodeLinuxCooked2(cursor);
  if (printTrouble(printing, 'sll2')) return;
  line.text('if');
  line.decimal(uint32(bytes, at + 4));
  line.space();
  line.text(DIRECTIONS[uint8(bytes, at + 10)] ?? '?  ');
  line.space();
  if (cursor.layer === Layer.Data) printUnknown(printing);
}

export function printNull(printing: Printing): void {
  const { line, cursor } = printing;
  const { at, bytes } = cursor;
  decodeNull(cursor);
  if (printTrouble(printing, 'null') || cursor.layer !== Layer.Data) return;
  line.text('AF Unknown (');
  line.decimal(addressFamily(bytes, at));
  line.text('), length ');
  line.decimal(cursor.wireEnd - at);
  line.text(': ');
  printUnknownBytes(printing, cursor.at);
}

export function printRadiotap(printing: Printing): void {
  decodeRadiotap(printing.cursor);
  printTrouble(printing, 'radiotap');
}

const MANAGEMENT: Readonly<Record<number, string>> = {
  0: 'Assoc Request',
  1: 'Assoc Response',
  2: 'ReAssoc Request',
  3: 'ReAssoc Response',
  4: 'Probe Request',
  5: 'Probe Response',
  8: 'Beacon',
  9: 'ATIM',
  10: 'Disassociation',
  11: 'Authentication',
  12: 'DeAuthentication',
  13: 'Action',
};
const CONTROL: Readonly<Record<number, string>> = {
  8: 'Block-Ack-Request',
  9: 'Block-Ack',
  10: 'Power Save-Poll',
  11: 'Request-To-Send',
  12: 'Clear-To-Send',
  13: 'Acknowledgment',
  14: 'CF-End',
  15: 'CF-End+CF-Ack',
};
const PROTECTED = 0x40;

export function printIeee80211(printing: Printing): void {
  const { line, cursor } = printing;
  const { at, bytes } = cursor;
  decodeIeee80211(cursor);
  if (printTrouble(printing, '802.11') || cursor.layer !== Layer.Data) return;
  const type = (uint8(bytes, at) >> 2) & 3;
  const subtype = uint8(bytes, at) >> 4;
  const flags = uint8(bytes, at + 1);
  line.text('802.11 ');
  if (type === 0) line.text(MANAGEMENT[subtype] ?? 'Management');
  else if (type === 1) line.text(CONTROL[subtype] ?? 'Control');
  else line.text((flags & PROTECTED) === 0 ? 'Data without content' : 'Data, encrypted');
  // All but two of the control frames have a second address.
  const hasSource = cursor.end - at >= 16 && !(type === 1 && (subtype === 12 || subtype === 13));
  if (hasSource) {
    line.space();
    line.mac(bytes, at + 10);
    line.text(' > ');
    line.mac(bytes, at + 4);
  }
  line.text(', length ');
  line.decimal(cursor.wireEnd - at);
}

/** A link layer's payload that no printer here knows: its addresses, as far as it has any, its type, and its bytes. */
export function printUnknown(printing: Printing): void {
  const { line, cursor } = printing;
  const { bytes, macAt } = cursor;
  if (macAt >= 0) {
    line.mac(bytes, macAt + 6);
    line.text(' > ');
    line.mac(bytes, macAt);
    line.text(', ');
  }
  line.text('ethertype ');
  const type = cursor.etherType;
  line.text(ETHERTYPES[type] ?? 'Unknown');
  line.text(' (0x');
  line.hex(type, 4);
  line.text('), length ');
  line.decimal(cursor.wireEnd - (macAt >= 0 ? macAt : cursor.at));
  line.text(': ');
  printUnknownBytes(printing, cursor.at);
}

const ETHERTYPES: Readonly<Record<number, string>> = {
  0x0842: 'Wake-on-LAN',
  0x809b: 'Appletalk',
  0x8137: 'IPX',
  0x8808: 'MPCP',
  0x8809: 'Slow Protocols',
  0x888e: 'EAPOL',
  0x8892: 'Profinet',
  0x88cc: 'LLDP',
  0x88e5: '802.1AE MACsec',
  0x88f7: 'PTP',
  0x8902: 'CFM',
  0x9000: 'Loopback',
};

/** A packet of a link type that no printer here knows. */
export function printUnknownLink(printing: Printing): void {
  const { line, cursor } = printing;
  line.text('link type ');
  line.decimal(cursor.linkType);
  line.text(', length ');
  line.decimal(cursor.wireLength);
  line.text(': ');
  printUnknownBytes(printing, cursor.at);
}
