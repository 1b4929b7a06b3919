import { snapLengthOf, type Link } from '../packet/packet-batch.js';
import type { ByteOrder } from './byte-order.js';
import { DEFAULT_RESOLUTION, PcapngClock } from './pcapng-clock.js';

/** An Interface Description Block with no option. */
export const MIN_INTERFACE_BYTES = 20;

const OPTIONS_OFFSET = 16;
const END_OF_OPTIONS = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
/** No system has interfaces of a longer name; it is not worth its memory. */
const MAX_NAME_BYTES = 255;

/** An interface that packets of a pcapng section belong to. */
export interface PcapngInterface {
  readonly link: Link;
  /** Bytes of which a Simple Packet Block holds no more; 0 for no limit. */
  readonly snapLength: number;
  readonly clock: PcapngClock;
}

/** Reads an Interface Description Block (draft-ietf-opsawg-pcapng, section 4.2), or says what is wrong with it. */
export function decodeInterface(
  block: Buffer,
  order: ByteOrder,
): PcapngInterface | { readonly problem: string } {
  let name: string | undefined;
  let resolution = DEFAULT_RESOLUTION;
  let offset = 0n;
  const end = block.length - 4;
  for (let at = OPTIONS_OFFSET; at + 4 <= end;) {
    const code = order.uint16(block, at);
    const length = order.uint16(block, at + 2);
    if (code === END_OF_OPTIONS) break;
    const valueAt = at + 4;
    if (valueAt + length > end) return { problem: 'an option is longer than its interface block' };
    if ((code === IF_TSRESOL && length !== 1) || (code === IF_TSOFFSET && length !== 8))
      return { problem: `an interface's option ${code} has ${length} bytes` };
    if (code === IF_NAME && length <= MAX_NAME_BYTES)
      name = textOf(block.subarray(valueAt, valueAt + length));
    if (code === IF_TSRESOL) resolution = block.readUInt8(valueAt);
    if (code === IF_TSOFFSET) offset = order.int64(block, valueAt);
    at = valueAt + Math.ceil(length / 4) * 4;
  }

  const clock = new PcapngClock(resolution, offset);
  const snapLength = order.uint32(block, 12);
  return {
    link: {
      linkType: order.uint16(block, 8),
      precision: clock.precision,
      snapLength: snapLengthOf(snapLength),
      ...(name ? { interface: name } : {}),
    },
    snapLength,
    clock,
  };
}

/** UTF-8; some writers end it with a zero. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
