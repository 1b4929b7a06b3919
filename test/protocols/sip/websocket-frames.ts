import { once } from 'node:events';
import { constants, createDeflateRaw } from 'node:zlib';

import { lines } from './messages.js';

/** The upgrade of RFC 7118, section 4.1, and the answer. */
export const UPGRADE = lines(
  'GET / HTTP/1.1',
  'Host: sip-ws.example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Origin: http://www.example.com',
  'Sec-WebSocket-Protocol: sip',
  'Sec-WebSocket-Version: 13',
  '',
  '',
);

export const UPGRADED = lines(
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  'Sec-WebSocket-Protocol: sip',
  '',
  '',
);

interface FrameOptions {
  readonly isFinal?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  readonly mask?: Buffer;
}

/** A frame as RFC 6455, section 5.2 has it. */
export function frame(opcode: number, payload: Buffer, options: FrameOptions = {}): Buffer {
  const { isFinal = true, reserved = 0, mask } = options;
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const masked = mask ? 0x80 : 0;
  const { length } = payload;
  let head: Buffer;
  if (length < 126) head = Buffer.from([first, masked | length]);
  else if (length < 0x1_0000) {
    head = Buffer.from([first, masked | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
  } else {
    head = Buffer.from([first, masked | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(length, 6);
  }
  if (!mask) return Buffer.concat([head, payload]);
  const body = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([head, mask, body]);
}

/** As a client sends it. */
export function maskedFrame(
  opcode: number,
  payload: Buffer,
  options: Omit<FrameOptions, 'mask'> = {},
): Buffer {
  return frame(opcode, payload, { ...options, mask: Buffer.from([0x37, 0xfa, 0x21, 0x3d]) });
}

/** Messages as permessage-deflate compresses them (RFC 7692, section 7.2.1), each with what came before as its context. */
export async function deflated(messages: readonly Buffer[]): Promise<Buffer[]> {
  const deflate = createDeflateRaw();
  const all: Buffer[] = [];
  for (const message of messages) {
    const parts: Buffer[] = [];
    const take = (part: Buffer) => parts.push(part);
    deflate.on('data', take);
    deflate.write(message);
    await new Promise<void>((resolve) => {
      deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    deflate.off('data', take);
    // The sender leaves out the last four bytes, of an empty block.
    all.push(Buffer.concat(parts).subarray(0, -4));
  }
  deflate.end();
  deflate.resume();
  await once(deflate, 'close');
  return all;
}
