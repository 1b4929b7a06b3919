/** HEP's numbers (HEP3 specification, sipcapture.org), shared by those who write and who read it. */

/** Types of chunks of the vendor 0. */
export const Chunk = {
  Family: 1,
  Protocol: 2,
  Source4: 3,
  Destination4: 4,
  Source6: 5,
  Destination6: 6,
  SourcePort: 7,
  DestinationPort: 8,
  Seconds: 9,
  Microseconds: 10,
  PayloadType: 11,
  CaptureId: 12,
  Password: 14,
  Payload: 15,
  /** By zlib. */
  CompressedPayload: 16,
  CorrelationId: 17,
  NodeName: 19,
} as const;

/** What a payload is. */
export enum PayloadType {
  Sip = 1,
  /** As JSON. */
  Rtcp = 5,
  RtpReport = 34,
  RtcpXr = 99,
}

export const FAMILY_IPV4 = 2;
export const FAMILY_IPV6 = 10;

/** Vendor, type and length. */
export const CHUNK_HEADER_BYTES = 6;
/** `HEP3` and the total length. */
export const HEP3_HEADER_BYTES = 6;
/** Version, length, family, protocol and ports. */
export const HEP2_HEADER_BYTES = 8;
/** Seconds, microseconds, capture id, each in the byte order of x86, and two bytes that mean nothing. */
export const HEP2_TIME_BYTES = 12;
/** The total length is a number of two bytes. */
export const MAX_HEP3_BYTES = 0xffff;
