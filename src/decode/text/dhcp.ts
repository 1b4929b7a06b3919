import { uint32, uint8 } from '../../protocols/network-order.js';
import type { Line } from './line.js';
import type { Printing } from './printing.js';

const REQUEST = 1;
const REPLY = 2;
const HEADER_BYTES = 236;
const COOKIE = 0x6382_5363;
const COOKIE_BYTES = 4;

/** BOOTP and DHCP (RFC 951, 2131). */
export function printDhcp(printing: Printing, length: number): void {
  const { line, cursor, verbose } = printing;
  const { bytes, at, end } = cursor;
  line.text('BOOTP/DHCP');
  if (end - at < 4) {
    line.cut('bootp');
    return;
  }
  const operation = uint8(bytes, at);
  if (operation === REQUEST) line.text(', Request');
  else if (operation === REPLY) line.text(', Reply');
  else {
    line.text(', unknown (0x');
    line.hex(operation, 2);
    line.character(0x29);
  }
  const isEthernet = uint8(bytes, at + 1) === 1 && uint8(bytes, at + 2) === 6;
  if (isEthernet && operation === REQUEST) {
    if (end - at < 34) {
      line.cut('bootp');
      return;
    }
    line.text(' from ');
    line.mac(bytes, at + 28);
  }
  line.text(', length ');
  line.decimal(length);
  if (!verbose) return;
  if (end - at < HEADER_BYTES) {
    line.cut('bootp');
    return;
  }
  printHeader(line, bytes, at);
  if (isEthernet) {
    line.text('\n\t  Client-Ethernet-Address ');
    line.mac(bytes, at + 28);
  }
  if (end - at < HEADER_BYTES + COOKIE_BYTES || uint32(bytes, at + HEADER_BYTES) !== COOKIE) return;
  line.text('\n\t  Vendor-rfc1048 Extensions\n\t    Magic Cookie 0x63825363');
  printOptions(line, bytes, at + HEADER_BYTES + COOKIE_BYTES, end);
}

function printHeader(line: Line, bytes: Buffer, at: number): void {
  line.text(', xid 0x');
  line.hex(uint32(bytes, at + 4));
  line.text((uint8(bytes, at + 10) & 0x80) === 0 ? ', Flags [none]' : ', Flags [Broadcast]');
  printAddressOf(line, '\n\t  Client-IP ', bytes, at + 12);
  printAddressOf(line, '\n\t  Your-IP ', bytes, at + 16);
  printAddressOf(line, '\n\t  Server-IP ', bytes, at + 20);
  printAddressOf(line, '\n\t  Gateway-IP ', bytes, at + 24);
}

function printAddressOf(line: Line, name: string, bytes: Buffer, at: number): void {
  if (uint32(bytes, at) === 0) return;
  line.text(name);
  line.ipv4(bytes, at);
}

const PAD = 0;
const END = 255;
const MESSAGE_TYPE = 53;
const MESSAGES = [
  ...['', 'Discover', 'Offer', 'Request', 'Decline', 'ACK', 'NACK', 'Release', 'Inform'],
];
type Kind = 'address' | 'text' | 'seconds' | 'hex';
const OPTIONS: Readonly<Record<number, readonly [name: string, kind: Kind]>> = {
  1: ['Subnet-Mask', 'address'],
  3: ['Default-Gateway', 'address'],
  6: ['Domain-Name-Server', 'address'],
  12: ['Hostname', 'text'],
  15: ['Domain-Name', 'text'],
  28: ['BR', 'address'],
  42: ['NTP', 'address'],
  50: ['Requested-IP', 'address'],
  51: ['Lease-Time', 'seconds'],
  54: ['Server-ID', 'address'],
  55: ['Parameter-Request', 'hex'],
  56: ['MSG', 'text'],
  58: ['RN', 'seconds'],
  59: ['RB', 'seconds'],
  60: ['Vendor-Class', 'text'],
  61: ['Client-ID', 'hex'],
};

function printOptions(line: Line, bytes: Buffer, first: number, end: number): void {
  for (let at = first; at < end;) {
    const option = uint8(bytes, at);
    if (option === END) return;
    if (option === PAD) {
      at++;
      continue;
    }
    const length = uint8(bytes, at + 1);
    if (at + 2 + length > end) {
      line.cut('bootp');
      return;
    }
    printOption(line, bytes, option, at + 2, length);
    at += 2 + length;
  }
}

function printOption(line: Line, bytes: Buffer, option: number, at: number, length: number): void {
  const known = OPTIONS[option];
  line.text('\n\t    ');
  line.text(option === MESSAGE_TYPE ? 'DHCP-Message' : (known?.[0] ?? 'Unknown'));
  line.text(' (');
  line.decimal(option);
  line.text('), length ');
  line.decimal(length);
  line.text(': ');
  if (option === MESSAGE_TYPE && length === 1) {
    const message = uint8(bytes, at);
    line.text(MESSAGES[message] ?? 'Unknown ');
    if (message >= MESSAGES.length) line.decimal(message);
  } else {
    printValue(line, bytes, known?.[1] ?? 'hex', at, length);
  }
}

function printValue(line: Line, bytes: Buffer, kind: Kind, at: number, length: number): void {
  if (kind === 'text') {
    line.character(0x22);
    line.escaped(bytes, at, at + length);
    line.character(0x22);
  } else if (kind === 'seconds' && length === 4) {
    line.decimal(uint32(bytes, at));
  } else if (kind === 'address' && length % 4 === 0) {
    for (let i = 0; i < length; i += 4) {
      if (i > 0) line.character(0x2c);
      line.ipv4(bytes, at + i);
    }
  } else {
    line.hexBytes(bytes, at, at + length);
  }
}
