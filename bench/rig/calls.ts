const CRLF = '\r\n';
const SDP = [
  'v=0',
  'o=alice 53655765 2353687637 IN IP4 192.0.2.101',
  's=-',
  'c=IN IP4 192.0.2.101',
  't=0 0',
  'm=audio 49172 RTP/AVP 0 8 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  '',
].join(CRLF);

/** Of a hundred calls, one comes from somebody else. */
export const RARE_CALLER = 'carol';
const CALLS_A_RARE_ONE = 100;

function message(call: number, first: string, method: string, body = ''): Buffer {
  const caller = call % CALLS_A_RARE_ONE === 0 ? RARE_CALLER : 'alice';
  return Buffer.from(
    [
      first,
      `Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74b${call}`,
      `From: "Alice" <sip:${caller}@atlanta.example.com>;tag=9fxced76sl${call}`,
      `To: "Bob" <sip:bob@biloxi.example.com>;tag=8321234356${call}`,
      `Call-ID: 3848276298220188511${call}@atlanta.example.com`,
      `CSeq: 1 ${method}`,
      'Max-Forwards: 70',
      'Contact: <sip:alice@client.atlanta.example.com;transport=udp>',
      'User-Agent: Softphone/1.5',
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join(CRLF),
  );
}

/** Messages of a call, and of 500 bytes on average. */
export const MESSAGES_A_CALL = 7;

/** The messages of a call: INVITE with SDP, 100, 180, 200 with SDP, ACK, BYE, 200. */
export function callMessages(number: number): Buffer[] {
  const uri = 'sip:bob@biloxi.example.com';
  return [
    message(number, `INVITE ${uri} SIP/2.0`, 'INVITE', SDP),
    message(number, 'SIP/2.0 100 Trying', 'INVITE'),
    message(number, 'SIP/2.0 180 Ringing', 'INVITE'),
    message(number, 'SIP/2.0 200 OK', 'INVITE', SDP),
    message(number, `ACK ${uri} SIP/2.0`, 'ACK'),
    message(number, `BYE ${uri} SIP/2.0`, 'BYE'),
    message(number, 'SIP/2.0 200 OK', 'BYE'),
  ];
}
