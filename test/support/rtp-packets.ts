/** An RTP packet: payload type 0 (PCMU) of 20 ms. */
export function rtpPacket(sequence: number, { payloadType = 0, ssrc = 0xbeef } = {}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 160) >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, Buffer.alloc(160, 0xff)]);
}

/** A receiver report about one source. */
export function receiverReport(ssrc = 0x1122_3344, lost = 5): Buffer {
  const bytes = Buffer.from(
    '81c90007 00000000 55667788 00000000 00010203 00000014 aabbccdd 00010000'.replaceAll(' ', ''),
    'hex',
  );
  bytes.writeUInt32BE(ssrc, 4);
  bytes.writeUIntBE(lost, 13, 3);
  return bytes;
}

/** An extended report (RFC 3611) alone: the time at its receiver. */
export function extendedReport(): Buffer {
  return Buffer.from('80cf0004112233440400000200000001e0000001', 'hex');
}

/** The session description of one side: PCMU to be sent to this address and port. */
export function description(address: string, port: number, more: readonly string[] = []): string {
  const lines = ['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'];
  return [...lines, `m=audio ${port} RTP/AVP 0`, ...more, ''].join('\r\n');
}
