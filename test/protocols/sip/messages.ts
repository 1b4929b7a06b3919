/** SIP messages for tests; lines end in CRLF. */
export function lines(...text: string[]): Buffer {
  return Buffer.from(text.join('\r\n'));
}

/** A request or response with these headers before an empty line and a body. */
export function message(first: string, headers: readonly string[], body = ''): Buffer {
  return lines(first, ...headers, '', body);
}

export const SDP = [
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 192.0.2.101',
  's=-',
  'c=IN IP4 192.0.2.101',
  't=0 0',
  'm=audio 49172 RTP/AVP 0 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  '',
].join('\r\n');

export const INVITE = message(
  'INVITE sip:bob@biloxi.example.com SIP/2.0',
  [
    'Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74b43',
    'Max-Forwards: 70',
    'From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl',
    'To: Bob <sip:bob@biloxi.example.com>',
    'Call-ID: 3848276298220188511@atlanta.example.com',
    'CSeq: 1 INVITE',
    'Contact: <sip:alice@client.atlanta.example.com;transport=tcp>',
    'User-Agent: Softphone Beta1.5',
    'Content-Type: application/sdp',
    `Content-Length: ${SDP.length}`,
  ],
  SDP,
);

export const RINGING = message('SIP/2.0 180 Ringing', [
  'Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74b43;received=192.0.2.101',
  'From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl',
  'To: Bob <sip:bob@biloxi.example.com>;tag=8321234356',
  'Call-ID: 3848276298220188511@atlanta.example.com',
  'CSeq: 1 INVITE',
  'Contact: <sip:bob@client.biloxi.example.com;transport=tcp>',
  'Content-Length: 0',
]);

export const BYE = message('BYE sip:alice@client.atlanta.example.com SIP/2.0', [
  'v: SIP/2.0/TCP client.biloxi.example.com:5060;branch=z9hG4bKnashds7',
  'Max-Forwards: 70',
  'f: Bob <sip:bob@biloxi.example.com>;tag=8321234356',
  't: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl',
  'i: 3848276298220188511@atlanta.example.com',
  'CSeq: 1 BYE',
  'l: 0',
]);
