import {
  arp,
  bytes,
  chunk,
  clientHello,
  DESTINATION_MAC,
  dns,
  dnsName,
  ethernet,
  ethernet802,
  gre,
  icmp,
  icmp6,
  ipAddress,
  ipv4,
  ipv6,
  IPV6_ENDS,
  mpls,
  pppoe,
  question,
  record,
  sctp,
  snap,
  SOURCE_MAC,
  tcp,
  text,
  u16,
  u32,
  u8,
  udp,
  vlan,
} from '../support/frames.js';

/** A packet made by hand. */
export interface KnownPacket {
  readonly what: string;
  readonly linkType: number;
  readonly frame: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);
const ETHERNET = 1;
const NO_MAC = '00:00:00:00:00:00';

function ip(what: string, protocol: number, payload: Buffer, header = {}): KnownPacket {
  return { what, linkType: ETHERNET, frame: ethernet(0x0800, ipv4(protocol, payload, header)) };
}

function ip6(what: string, next: number, payload: Buffer, header = {}): KnownPacket {
  return { what, linkType: ETHERNET, frame: ethernet(0x86dd, ipv6(next, payload, header)) };
}

const over = (ports: readonly [number, number], payload: Buffer) => udp(ports, payload);
const data = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 0xff));
const POINTER = u16(0xc00c);
const PLAIN = ipv4(17, over([1000, 2000], data(20)));
const PLAIN6 = ipv6(17, udp([1000, 2000], data(20), { addresses: IPV6_ENDS }));

/** Where tcpdump has the same line, character for character. */
export const LIKE_TCPDUMP: readonly KnownPacket[] = [
  ip('UDP', 17, over([40000, 9999], data(30))),
  ip('UDP without content', 17, over([40000, 9999], NOTHING)),
  ip('UDP longer than its packet', 17, udp([40000, 9999], data(30), { length: 100 })),
  ip('UDP shorter than its header', 17, udp([40000, 9999], data(30), { length: 3 })),
  ip6('UDP over IPv6', 17, udp([40000, 9999], data(30), { addresses: IPV6_ENDS })),
  ip('TCP, a SYN with options', 6, syn()),
  ip('TCP, its answer', 6, synAck(), reversed()),
  ip('TCP, the third packet', 6, tcp([50000, 443], NOTHING, segment(1, 1, '.'))),
  ip('TCP with content', 6, tcp([50000, 443], data(100), segment(1, 1, 'P.'))),
  ip('TCP, selective acknowledgment', 6, sack(), reversed()),
  ip('TCP, a reset', 6, tcp([50000, 443], NOTHING, { flags: 'R', sequence: 77 })),
  ip('TCP, urgent', 6, tcp([50001, 443], data(1), { flags: 'PU.', urgent: 1 })),
  ip('TCP without flags', 6, tcp([50002, 443], NOTHING, { flags: '' })),
  ip('TCP, all flags', 6, tcp([50003, 443], NOTHING, { flags: 'FSRP.UEW' })),
  ip('TCP, options that are unknown or broken', 6, oddOptions()),
  ip('TCP, a bad option', 6, tcp([1, 2], NOTHING, { options: bytes('02 09 05 b4') })),
  ip6('TCP over IPv6', 6, tcp([50000, 443], data(9), { addresses: IPV6_ENDS })),
  ip('ICMP echo request', 1, icmp(8, 0, Buffer.concat([u16(7, 1), data(56)]))),
  ip('ICMP echo reply', 1, icmp(0, 0, Buffer.concat([u16(7, 1), data(56)])), reversed()),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 99].map((code) =>
    ip(`ICMP unreachable, code ${code}`, 1, icmp(3, code, Buffer.concat([u32(1400), PLAIN]))),
  ),
  ...[0, 1, 2, 3, 9].map((code) =>
    ip(`ICMP redirect, code ${code}`, 1, icmp(5, code, Buffer.concat([u32(0xc0000201), PLAIN]))),
  ),
  ...[0, 1, 7].map((code) =>
    ip(`ICMP time exceeded, code ${code}`, 1, icmp(11, code, Buffer.concat([u32(0), PLAIN]))),
  ),
  ip('ICMP parameter problem', 1, icmp(12, 0, Buffer.concat([u32(0x14000000), PLAIN]))),
  ip('ICMP time stamp', 1, icmp(13, 0, Buffer.concat([u16(7, 1), u32(1, 2, 3)]))),
  ip('ICMP source quench', 1, icmp(4, 0, Buffer.concat([u32(0), PLAIN]))),
  ip('ICMP, unknown type', 1, icmp(99, 0, u32(0))),
  ip6('ICMPv6 echo request', 58, icmp6(128, 0, Buffer.concat([u16(7, 1), data(8)]))),
  ip6('ICMPv6 echo reply', 58, icmp6(129, 0, Buffer.concat([u16(7, 1), data(8)]))),
  ip6('ICMPv6 neighbor solicitation', 58, neighbor(135, 0)),
  ip6('ICMPv6 neighbor advertisement', 58, neighbor(136, 0x60000000)),
  ip6('ICMPv6 router solicitation', 58, icmp6(133, 0, u32(0))),
  ip6('ICMPv6 router advertisement', 58, icmp6(134, 0, bytes('40 00 07 08 00000000 00000000'))),
  ip6('ICMPv6 redirect', 58, icmp6(137, 0, Buffer.concat([u32(0), twoAddresses()]))),
  ...[0, 1, 2, 3, 4].map((code) =>
    ip6(`ICMPv6 unreachable, code ${code}`, 58, icmp6(1, code, Buffer.concat([u32(0), PLAIN6]))),
  ),
  ip6('ICMPv6 packet too big', 58, icmp6(2, 0, Buffer.concat([u32(1280), PLAIN6]))),
  ip6('ICMPv6 time exceeded', 58, icmp6(3, 0, Buffer.concat([u32(0), PLAIN6]))),
  ip6('ICMPv6 parameter problem', 58, icmp6(4, 1, Buffer.concat([u32(40), PLAIN6]))),
  ip6('ICMPv6 listener report', 58, listener(131)),
  ip6('ICMPv6 listener query', 58, listener(130)),
  ip6('ICMPv6 listener query v2', 58, listener(130, bytes('02 7d 0000'))),
  ip6(
    'ICMPv6 listener report v2',
    58,
    icmp6(143, 0, bytes('0000 0001 04000000 ff02000000000000000000000000000c')),
  ),
  ip6(
    'IPv6, hop-by-hop options',
    0,
    Buffer.concat([bytes('3a 00 05 02 0000 01 00'), listener(131)]),
  ),
  ip6('IPv6, destination options', 60, Buffer.concat([bytes('11 00 01 04 00000000'), udp6()])),
  ip6(
    'IPv6, routing header',
    43,
    Buffer.concat([bytes('11 02 02 01 00000000'), ipAddress('2001:db8::9'), udp6()]),
  ),
  ip6('IPv6, first fragment', 44, Buffer.concat([bytes('11 00 0001 0000abcd'), udp6()])),
  ip6('IPv6, last fragment', 44, Buffer.concat([bytes('11 00 0038 0000abcd'), data(16)])),
  ip6('IPv6, no next header', 59, NOTHING),
  ip6('IPv6, flow and class', 17, udp6(), { flow: 0x0ab12345 }),
  ip('IPv4, first fragment', 17, udp([1, 2], data(24), { length: 2000 }), { fragment: 0x2000 }),
  ip('IPv4, last fragment', 17, data(24), { fragment: 0x0003 }),
  ip('IPv4, options', 17, over([1, 2], data(4)), { options: bytes('94 04 0000') }),
  ip('IPv4, class and congestion', 17, over([1, 2], data(4)), { tos: 0xb9, ttl: 1 }),
  ip('IPv4, longer than its packet', 17, over([1, 2], data(4)), { length: 60 }),
  ip('IPv4, shorter than its header', 17, over([1, 2], data(4)), { length: 10 }),
  ip('IPv4, unknown protocol', 253, data(10)),
  ip('IPv4 in IPv4', 4, PLAIN),
  ip('IPv6 in IPv4', 41, PLAIN6),
  ip6('IPv4 in IPv6', 4, PLAIN),
  ip('ESP', 50, Buffer.concat([u32(0x12345678, 9), data(40)])),
  ip('GRE', 47, gre(0, 0x0800, NOTHING, PLAIN)),
  ip('GRE with key and sequence', 47, gre(0x3000, 0x86dd, u32(0x1234, 5), PLAIN6)),
  ip('GRE with checksum', 47, gre(0x8000, 0x0800, u32(0), PLAIN)),
  ip('GRE, bridged Ethernet', 47, gre(0, 0x6558, NOTHING, ethernet(0x0800, PLAIN))),
  ip('GRE, unknown', 47, gre(0, 0x1234, NOTHING, data(4))),
  ip(
    'GRE version 1',
    47,
    gre(
      0x3081,
      0x880b,
      Buffer.concat([u16(0, 7), u32(1, 2)]),
      Buffer.concat([bytes('ff03 0021'), PLAIN]),
    ),
  ),
  ip(
    'GRE version 1, no content',
    47,
    gre(0x2081, 0x880b, Buffer.concat([u16(0, 7), u32(2)]), NOTHING),
  ),
  ip(
    'Geneve',
    17,
    over([50000, 6081], Buffer.concat([bytes('00 00 6558 000064 00'), ethernet(0x0800, PLAIN)])),
  ),
  ip(
    'Geneve with options',
    17,
    over([50000, 6081], Buffer.concat([bytes('01 40 0800 000064 00 00000000'), PLAIN])),
  ),
  ip(
    'SCTP, data',
    132,
    sctp([3868, 3868], chunk(0, 3, Buffer.concat([u32(1), u16(2, 3), u32(46), data(5)]))),
  ),
  ip(
    'SCTP, init',
    132,
    sctp([3868, 3868], chunk(1, 0, Buffer.concat([u32(1, 2), u16(3, 4), u32(5)]))),
  ),
  ip(
    'SCTP, two chunks',
    132,
    sctp([1, 2], chunk(3, 0, Buffer.concat([u32(1, 2), u16(0, 0)])), chunk(4, 0, data(8))),
  ),
  ip6('SCTP over IPv6', 132, sctp([1, 2], chunk(11, 0, NOTHING))),
  ...dnsMessages(),
  ip('NTP', 17, over([123, 123], Buffer.concat([u8(0x23), data(47)]))),
  ip('DHCP request', 17, over([68, 67], dhcp(1))),
  ip('DHCP reply', 17, over([67, 68], dhcp(2))),
  ip('HTTP request', 6, tcp([50010, 80], text('GET /a?b=c HTTP/1.1', 'Host: example.org', '', ''))),
  ip('HTTP response', 6, tcp([80, 50010], text('HTTP/1.1 200 OK', 'Server: x', '', ''))),
  ip('HTTP, something else', 6, tcp([50010, 80], bytes('00 01 02 03'))),
  ip(
    'SIP request',
    17,
    over([5060, 5060], text('INVITE sip:bob@example.org SIP/2.0', 'Via: x', '', '')),
  ),
  ip('SIP response', 17, over([5060, 5060], text('SIP/2.0 180 Ringing', 'Via: x', '', ''))),
  known('ARP request', arp(1, [SOURCE_MAC, '192.0.2.1'], [NO_MAC, '192.0.2.2'])),
  known('ARP request to one', arp(1, [SOURCE_MAC, '192.0.2.1'], [DESTINATION_MAC, '192.0.2.2'])),
  known('ARP reply', arp(2, [SOURCE_MAC, '192.0.2.1'], [DESTINATION_MAC, '192.0.2.2'])),
  known('ARP of something else', Buffer.concat([u16(6, 0x1234), u8(2, 3), u16(1), data(10)])),
  known('reverse ARP', arp(3, [SOURCE_MAC, '0.0.0.0'], [DESTINATION_MAC, '0.0.0.0']), 0x8035),
  known('an unknown EtherType', data(37), 0x88b5),
  known('MPLS', mpls([16, 17], PLAIN), 0x8847),
  known('MPLS, IPv6', mpls([16], PLAIN6), 0x8847),
  known('PPPoE, IPv4', pppoe(Buffer.concat([u16(0x0021), PLAIN])), 0x8864),
  known('PPPoE, IPv6', pppoe(Buffer.concat([u16(0x0057), PLAIN6])), 0x8864),
  known('PPPoE, LCP', pppoe(bytes('c021 01 01 0008 01 04 05d4')), 0x8864),
  known(
    'PPPoE discovery',
    pppoe(bytes('0101 0000 0103 0004 01020304'), { code: 9, session: 0 }),
    0x8863,
  ),
  {
    what: 'LLC and SNAP',
    linkType: ETHERNET,
    frame: ethernet802(snap(0x0800, PLAIN)),
  },
  { what: 'raw IPv4', linkType: 101, frame: PLAIN },
  { what: 'raw IPv6', linkType: 101, frame: PLAIN6 },
  { what: 'BSD loopback', linkType: 0, frame: Buffer.concat([bytes('02000000'), PLAIN]) },
  { what: 'BSD loopback, IPv6', linkType: 0, frame: Buffer.concat([bytes('0000001e'), PLAIN6]) },
  { what: 'loopback in network order', linkType: 108, frame: Buffer.concat([u32(2), PLAIN]) },
  { what: 'PPP', linkType: 9, frame: Buffer.concat([bytes('ff03 0021'), PLAIN]) },
  { what: 'Linux cooked', linkType: 113, frame: Buffer.concat([cooked(0x0800), PLAIN]) },
  {
    what: 'Linux cooked, ARP',
    linkType: 113,
    frame: Buffer.concat([
      cooked(0x0806),
      arp(1, [SOURCE_MAC, '192.0.2.1'], [NO_MAC, '192.0.2.2']),
    ]),
  },
];

interface OwnLine extends KnownPacket {
  /** What is printed after the time. */
  readonly line: string;
}

function own(line: string, what: string, frame: Buffer, linkType = ETHERNET): OwnLine {
  return { what, linkType, frame, line };
}

const PLAIN_LINE = 'IP 192.0.2.1.1000 > 198.51.100.2.2000: UDP, length 20';
const ENDS = '192.0.2.1 > 198.51.100.2';
const tunnelled = (ports: readonly [number, number], payload: Buffer) =>
  ethernet(0x0800, ipv4(17, over(ports, payload)));
const ip4 = (protocol: number, payload: Buffer) => ethernet(0x0800, ipv4(protocol, payload));

/** Where tcpdump says less, or something else, or nothing. */
export const OWN_LINES: readonly OwnLine[] = [
  own(`vlan 5, p 3, ${PLAIN_LINE}`, 'VLAN', ethernet(0x8100, vlan(0x6005, 0x0800, PLAIN))),
  own(
    `vlan 100, p 0, DEI, vlan 5, p 0, ${PLAIN_LINE}`,
    'QinQ',
    ethernet(0x88a8, vlan(0x1064, 0x8100, vlan(5, 0x0800, PLAIN))),
  ),
  own(
    `IP 192.0.2.1.5 > 198.51.100.2.4789: VXLAN, flags [I] (0x08), vni 100: ${PLAIN_LINE}`,
    'VXLAN',
    tunnelled([5, 4789], Buffer.concat([bytes('08000000 000064 00'), ethernet(0x0800, PLAIN)])),
  ),
  own(
    'IP 192.0.2.1.5 > 198.51.100.2.4789: UDP, length 20',
    "VXLAN's port alone",
    tunnelled([5, 4789], Buffer.alloc(20)),
  ),
  own(
    `IP 192.0.2.1.5 > 198.51.100.2.2152: GTP-U, teid 0x00000007: ${PLAIN_LINE}`,
    'GTP-U',
    tunnelled([5, 2152], Buffer.concat([u8(0x30, 255), u16(PLAIN.length), u32(7), PLAIN])),
  ),
  own(
    `IP 192.0.2.1.5 > 198.51.100.2.2152: GTP-U, teid 0x00000007: ${PLAIN_LINE}`,
    'GTP-U with a sequence number and an extension header',
    tunnelled(
      [5, 2152],
      Buffer.concat([
        ...[u8(0x36, 255), u16(PLAIN.length + 8), u32(7)],
        ...[bytes('0001 00 85 01 1009 00'), PLAIN],
      ]),
    ),
  ),
  own(
    'IP 192.0.2.1.5 > 198.51.100.2.2152: UDP, length 8',
    'GTP-U, an echo request',
    tunnelled([5, 2152], bytes('30 01 0000 00000000')),
  ),
  own(
    `IP 192.0.2.1.5 > 198.51.100.2.37008: TZSP: ${PLAIN_LINE}`,
    'TZSP',
    tunnelled(
      [5, 37008],
      Buffer.concat([bytes('01 00 0001 0a 01 c4 00 01'), ethernet(0x0800, PLAIN)]),
    ),
  ),
  own(
    `IP ${ENDS}: GREv0, length 66: ERSPAN I, ${PLAIN_LINE}`,
    'ERSPAN I',
    ip4(47, gre(0, 0x88be, NOTHING, ethernet(0x0800, PLAIN))),
  ),
  own(
    `IP ${ENDS}: GREv0, seq 9, length 78: ERSPAN II, session 3, vlan 100: ${PLAIN_LINE}`,
    'ERSPAN II',
    ip4(
      47,
      gre(
        0x1000,
        0x88be,
        u32(9),
        Buffer.concat([bytes('1064 0003 00000000'), ethernet(0x0800, PLAIN)]),
      ),
    ),
  ),
  own(
    `IP ${ENDS}: GREv0, seq 9, length 90: ERSPAN III, session 3, vlan 100: ${PLAIN_LINE}`,
    'ERSPAN III with its platform header',
    ip4(
      47,
      gre(
        0x1000,
        0x22eb,
        u32(9),
        Buffer.concat([
          bytes('2064 0003 00000000 0000 0001 00000000 00000000'),
          ethernet(0x0800, PLAIN),
        ]),
      ),
    ),
  ),
  own(
    'IP 192.0.2.1.50000 > 198.51.100.2.8443: Flags [P.], seq 1000:1109, ack 2000, win 502, length 109: TLS client hello, server www.example.org',
    'TLS, a client hello',
    ip4(6, tcp([50000, 8443], clientHello('www.example.org'))),
  ),
  own(
    'IP 192.0.2.1.50000 > 198.51.100.2.8443: Flags [P.], seq 1000:1098, ack 2000, win 502, length 98: TLS client hello, server ^[[2J',
    'TLS, a name that would clear the screen',
    ip4(6, tcp([50000, 8443], clientHello('\x1b[2J'))),
  ),
  own(
    'IP 192.0.2.1.50000 > 198.51.100.2.9000: Flags [P.], seq 1000:1018, ack 2000, win 502, length 18: HTTP: GET / HTTP/1.1',
    'HTTP on a port of its own',
    ip4(6, tcp([50000, 9000], text('GET / HTTP/1.1', '', ''))),
  ),
  own(
    'IP 192.0.2.1.50000 > 198.51.100.2.5062: Flags [P.], seq 1000:1026, ack 2000, win 502, length 26: SIP: BYE sip:a@b.c SIP/2.0',
    'SIP over TCP',
    ip4(6, tcp([50000, 5062], text('BYE sip:a@b.c SIP/2.0', '', '', '').subarray(0, 26))),
  ),
  own(
    'IP 192.0.2.1.5 > 198.51.100.2.6: SIP: SIP/2.0 200 OK',
    'SIP on a port of its own',
    ip4(17, over([5, 6], text('SIP/2.0 200 OK', 'Via: x', '', ''))),
  ),
  own(
    `if7 Out ${PLAIN_LINE}`,
    'Linux cooked 2',
    Buffer.concat([bytes('0800 0000 00000007 0001 04 06 020000000001 0000'), PLAIN]),
    276,
  ),
  own(PLAIN_LINE, 'PPP with a direction', Buffer.concat([bytes('00 ff03 0021'), PLAIN]), 204),
  own(PLAIN_LINE, '802.11, data', Buffer.concat([wifi('0801', 24), snap(0x0800, PLAIN)]), 105),
  own(
    PLAIN_LINE,
    '802.11, data with quality of service',
    Buffer.concat([wifi('8801', 26), snap(0x0800, PLAIN)]),
    105,
  ),
  own(
    PLAIN_LINE,
    '802.11 with radiotap and a check sequence',
    Buffer.concat([
      ...[bytes('00 00 1100 03000000 0102030405060708 10'), wifi('0801', 24), snap(0x0800, PLAIN)],
      u32(0xdeadbeef),
    ]),
    127,
  ),
  own(
    '802.11 Beacon 02:00:00:00:00:01 > 02:00:00:00:00:02, length 24',
    '802.11, a beacon',
    wifi('8000', 24),
    105,
  ),
  own(
    '802.11 Data, encrypted 02:00:00:00:00:01 > 02:00:00:00:00:02, length 32',
    '802.11, encrypted',
    Buffer.concat([wifi('0841', 24), Buffer.alloc(8)]),
    105,
  ),
  own(
    'link type 147, length 3: \n\t0x0000:  0141 ff                                  .A.',
    'a link type that nobody knows',
    bytes('01 41 ff'),
    147,
  ),
  own(
    'LLC, dsap 0x42, ssap 0x42, ctrl 0x03, length 8',
    '802.2 of a spanning tree',
    ethernet802(bytes('42 42 03 00 00 00 00 00')),
  ),
  own(`IP ${ENDS}: IGMP, length 8`, 'IGMP', ip4(2, bytes('16 00 0904 e0000001'))),
  own(
    `IP ${ENDS}: AH(spi=0x00000001,seq=0x2): 1000 > 2000: UDP, length 20`,
    'authentication header',
    ip4(
      51,
      Buffer.concat([
        bytes('11 04 0000'),
        u32(1, 2),
        Buffer.alloc(12),
        over([1000, 2000], data(20)),
      ]),
    ),
  ),
  own(`${nested(8)}${PLAIN_LINE}`, 'eight tunnels', ethernet(0x0800, ipInIp(8))),
  own(`${nested(9)} [nested too deep]`, 'nine tunnels', ethernet(0x0800, ipInIp(9))),
];

function nested(tunnels: number): string {
  return `IP ${ENDS}: `.repeat(tunnels);
}

function ipInIp(tunnels: number): Buffer {
  return tunnels === 0 ? PLAIN : ipv4(4, ipInIp(tunnels - 1));
}

function wifi(control: string, length: number): Buffer {
  const header = Buffer.alloc(length);
  bytes(`${control} 0000 ${DESTINATION_MAC} ${SOURCE_MAC} 020000000003`).copy(header);
  return header;
}

function known(what: string, payload: Buffer, type = 0x0806): KnownPacket {
  return { what, linkType: ETHERNET, frame: ethernet(type, payload) };
}

function reversed() {
  return { source: '198.51.100.2', destination: '192.0.2.1' };
}

function syn(): Buffer {
  const options = bytes('0204 05b4 0402 080a 00000064 00000000 01 0303 07');
  return tcp([50000, 443], NOTHING, {
    sequence: 4_294_967_290,
    acknowledgment: 0,
    flags: 'S',
    options,
  });
}

function synAck(): Buffer {
  const options = bytes('0204 05b4 0101 0402');
  return tcp([443, 50000], NOTHING, {
    ...{
      sequence: 5000,
      acknowledgment: 4_294_967_291,
      flags: 'S.',
      options,
      addresses: reversed(),
    },
  });
}

/** Numbers relative to those of the SYNs above. */
function segment(sequence: number, acknowledgment: number, flags: string) {
  return {
    ...{ sequence: 4_294_967_290 + sequence, acknowledgment: 5000 + acknowledgment, flags },
  };
}

function sack(): Buffer {
  const options = bytes(
    `0101 050a ${u32(4_294_967_290 + 200, 4_294_967_290 + 300).toString('hex')}`,
  );
  return tcp([443, 50000], NOTHING, {
    ...{ sequence: 5001, acknowledgment: 4_294_967_291 + 100, flags: '.', options },
    addresses: reversed(),
  });
}

function oddOptions(): Buffer {
  const options = bytes('fd 04 abcd 1c 04 0003  00 00 00 00');
  return tcp([50004, 443], NOTHING, { options });
}

function udp6(): Buffer {
  return udp([1000, 2000], data(12), { addresses: IPV6_ENDS });
}

function twoAddresses(): Buffer {
  return Buffer.concat([ipAddress('fe80::9'), ipAddress('2001:db8:1::5')]);
}

function neighbor(type: number, flags: number): Buffer {
  return icmp6(
    type,
    0,
    Buffer.concat([u32(flags), ipAddress('fe80::1'), bytes(`0101 ${SOURCE_MAC}`)]),
  );
}

function listener(type: number, more = NOTHING): Buffer {
  return icmp6(type, 0, Buffer.concat([u16(10_000, 0), ipAddress('ff02::fb'), more]));
}

function cooked(type: number): Buffer {
  return bytes(`0000 0001 0006 ${SOURCE_MAC} 0000 ${u16(type).toString('hex')}`);
}

function dhcp(operation: number): Buffer {
  const header = Buffer.alloc(236);
  u8(operation, 1, 6).copy(header);
  u32(0xcafe).copy(header, 4);
  ipAddress('192.0.2.77').copy(header, 16);
  bytes(SOURCE_MAC).copy(header, 28);
  return Buffer.concat([header, bytes('63825363 35 01 01 0c 03 61 1b 62 33 04 00000e10 ff')]);
}

function dnsMessages(): KnownPacket[] {
  const name = question('www.example.org');
  const answer = { flags: 0x8580 };
  const of = (what: string, message: Buffer, ports: readonly [number, number] = [53, 40000]) =>
    ip(`DNS, ${what}`, 17, over(ports, message));
  const answers = (what: string, ...records: Buffer[]) =>
    of(what, dns(answer, { questions: [name], answers: records }));
  return [
    of('a query', dns({}, { questions: [name] }), [40000, 53]),
    of(
      'a query for AAAA with EDNS',
      dns(
        {},
        {
          questions: [question('a.b', 28)],
          additional: [record(u8(0), 41, NOTHING, { recordClass: 1232 })],
        },
      ),
      [40000, 53],
    ),
    of(
      'a query of another class',
      dns({ flags: 0 }, { questions: [question('version.bind', 16, 3)] }),
      [40000, 53],
    ),
    of('an unknown type', dns({}, { questions: [question('x', 999, 9)] }), [40000, 53]),
    of('odd flags', dns({ flags: 0x06df }, { questions: [name] }), [40000, 53]),
    of('two questions', dns({}, { questions: [name, question('b.org', 15)] }), [40000, 53]),
    of('the root', dns({}, { questions: [question('.', 2)] }), [40000, 53]),
    of(
      'a notification',
      dns({ flags: 0x2400 }, { questions: [question('example.org', 6)] }),
      [40000, 53],
    ),
    answers('an address', record(POINTER, 1, ipAddress('192.0.2.80'))),
    answers(
      'several answers',
      record(POINTER, 5, dnsName('cdn.example.net')),
      record(POINTER, 28, ipAddress('2001:db8::80')),
      record(POINTER, 15, Buffer.concat([u16(10), dnsName('mail.example.org')])),
      record(POINTER, 16, Buffer.concat([u8(3), text('a=b'), u8(0)])),
      record(POINTER, 33, Buffer.concat([u16(1, 2, 5060), dnsName('sip.example.org')])),
      record(POINTER, 999, bytes('01020304')),
    ),
    of(
      'no such name',
      dns(
        { flags: 0x8183 },
        {
          questions: [name],
          authorities: [
            record(
              POINTER,
              6,
              Buffer.concat([
                dnsName('ns.example.org'),
                dnsName('h.example.org'),
                u32(1, 2, 3, 4, 5),
              ]),
            ),
          ],
        },
      ),
    ),
    of(
      'an extended code',
      dns(
        { flags: 0x8180 },
        {
          questions: [name],
          additional: [record(u8(0), 41, NOTHING, { recordClass: 512, ttl: 0x01000000 })],
        },
      ),
    ),
    of('cut by the server', dns({ flags: 0x8380 }, { questions: [name] })),
    of('not a message', data(7)),
    of('more promised than there is', dns(answer, { questions: [name] }).fill(5, 7, 8)),
    of(
      'a name that points to itself',
      dns({}, { questions: [Buffer.concat([u16(0xc00c), u16(1, 1)])] }),
      [40000, 53],
    ),
    of(
      'a name with control characters',
      dns({}, { questions: [question('\x1b[31m\n\xe9.org')] }),
      [40000, 53],
    ),
    of(
      'multicast',
      dns({ id: 0, flags: 0 }, { questions: [question('_sip._udp.local', 12)] }),
      [5353, 5353],
    ),
    of(
      'multicast, an answer',
      dns(
        { id: 0, flags: 0x8400 },
        {
          answers: [record(dnsName('a.local'), 1, ipAddress('192.0.2.5'), { recordClass: 0x8001 })],
        },
      ),
      [5353, 5353],
    ),
    ip('DNS over TCP', 6, tcp([40000, 53], overTcp(dns({}, { questions: [name] })))),
  ];
}

function overTcp(message: Buffer): Buffer {
  return Buffer.concat([u16(message.length), message]);
}
