export enum MediaKind {
  Rtp,
  Rtcp,
}

const NO_BYTES = Buffer.alloc(0);

/** A packet of a call's media, as reporters get it. Moved from packet to packet. */
export class MediaPacket {
  kind = MediaKind.Rtp;
  /** Where it lies, [start, end), as it was captured; and behind it, up to `reportsEnd`, what RTCP reports, as JSON. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  reportsEnd = 0;
  /** Of the call that it belongs to. */
  callId = '';
  /** By the call's session description, such as `PCMU/8000`. */
  codec: string | undefined;
}
