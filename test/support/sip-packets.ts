import { isIPv4 } from 'node:net';

import { addressBytes } from '../protocols/passages.js';
import type { PcapPacket } from './pcap-file.js';

const SECONDS = 1_700_000_000;

/** An Ethernet frame with a UDP datagram, written by the books. */
export function udpFrame(
  payload: Buffer,
  { from = '192.0.2.1', to = '192.0.2.2', fromPort = 5060, toPort = 5080 } = {},
): Buffer {
  const is4 = isIPv4(from);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(fromPort, 0);
  udp.writeUInt16BE(toPort, 2);
  udp.writeUInt16BE(8 + payload.length, 4);
  const ip = Buffer.alloc(is4 ? 12 : 8);
  if (is4) {
    ip.writeUInt16BE(0x4500, 0);
    ip.writeUInt16BE(28 + payload.length, 2);
    ip.writeUInt16BE(0x4011, 8);
  } else {
    ip.writeUInt16BE(0x6000, 0);
    ip.writeUInt16BE(8 + payload.length, 4);
    ip.writeUInt16BE(0x1140, 6);
  }
  const addresses = Buffer.from([...addressBytes(from), ...addressBytes(to)]);
  const ethernet = Buffer.from(`020000000001020000000002${is4 ? '0800' : '86dd'}`, 'hex');
  return Buffer.concat([ethernet, ip, addresses, udp, payload]);
}

/** Packets with these frames, a microsecond apart. */
export function packetsOf(frames: readonly Buffer[]): PcapPacket[] {
  return frames.map((frame, fraction) => ({ seconds: SECONDS, fraction, frame }));
}

/** A request as it goes over UDP, with a Call-ID of its own; with a session description, if one is given. */
export function sipRequest(
  method: string,
  callId: string,
  more: readonly string[] = [],
  description = '',
): Buffer {
  return Buffer.from(
    [
      `${method} sip:bob@biloxi.example.com SIP/2.0`,
      'Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9',
      'From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl',
      'To: Bob <sip:bob@biloxi.example.com>',
      `Call-ID: ${callId}`,
      `CSeq: 1 ${method}`,
      ...more,
      ...(description === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${description.length}`,
      '',
      description,
    ].join('\r\n'),
  );
}

/** The response to such a request. */
export function sipResponse(
  status: string,
  method: string,
  callId: string,
  description = '',
): Buffer {
  const [, ...headers] = sipRequest(method, callId, [], description).toString().split('\r\n');
  return Buffer.from([`SIP/2.0 ${status}`, ...headers].join('\r\n'));
}
