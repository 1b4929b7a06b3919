import type { Link, PacketBatch } from './packet-batch.js';

/** What holds for all packets of a batch, as the addon says it: see `native/batch/batch.h`. */
export interface NativeLink {
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly snapLength: number;
  readonly interface?: string;
  readonly host?: string;
}

/** The link that the addon says. */
export function linkOf({
  linkType,
  nanoseconds,
  snapLength,
  interface: name,
  host,
}: NativeLink): Link {
  return {
    linkType,
    precision: nanoseconds ? 'nano' : 'micro',
    snapLength,
    ...(name !== undefined && { interface: name }),
    ...(host !== undefined && { host }),
  };
}

/** A batch of the addon's, in its memory: the records are the first `byteLength` bytes of `buffer`. */
export function packetBatchOf(
  batch: NativeLink & {
    readonly buffer: Buffer;
    readonly byteLength: number;
    readonly count: number;
  },
): PacketBatch {
  const { buffer, byteLength, count } = batch;
  return { bytes: buffer.subarray(0, byteLength), count, link: linkOf(batch) };
}
