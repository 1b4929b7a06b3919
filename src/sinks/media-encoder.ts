import type { JsonBytes } from '../protocols/json-bytes.js';
import type { Passage } from '../protocols/passage.js';
import type { MediaPacket } from '../protocols/rtp/media-packet.js';

/** Writes packets of calls' media in some form. */
export interface MediaEncoder {
  /** Writes a packet behind what is there; false where this form has no room for it. */
  encode(out: JsonBytes, packet: MediaPacket, passage: Passage): boolean;
  /** Bytes that it has written beside packets since it began: keys, headers and lengths, which no account counts. */
  readonly bytesBeside?: number;
}
