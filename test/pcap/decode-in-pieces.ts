import assert from 'node:assert/strict';

import type { CaptureDecoder } from '#kcap/pcap/capture-decoder.js';

import { packetsIn } from '../packet/packets.js';
import type { CapturedPacket } from '../support/captures/capture.js';

/** No decoder may ask for more than the longest record or block takes. */
const MOST_WANTED = 128 * 1024 * 1024 + 24;

/**
 * Gives a decoder a file in pieces of these sizes, in turn and again, as a reader would; what comes out of it, and what
 * is wrong with the file. Whatever the bytes are, what CaptureDecoder promises must hold.
 */
export function decodeInPieces(
  decoder: CaptureDecoder,
  file: Buffer,
  sizes: readonly number[] = [file.length || 1],
): {
  readonly packets: readonly CapturedPacket[];
  readonly problem: string | undefined;
  /** Bytes of the file that it has taken. */
  readonly consumed: number;
} {
  const packets: CapturedPacket[] = [];
  let rest = Buffer.alloc(0);
  let consumed = 0;
  for (let at = 0, turn = 0; at < file.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const waiting = Buffer.concat([rest, file.subarray(at, at + size)]);
    at += size;
    let taken = 0;
    for (let wanted = 0; wanted === 0;) {
      const bytes = waiting.subarray(taken);
      const decoded = decoder.decode(bytes);
      ({ wanted } = decoded);
      assert.ok(decoded.consumed <= bytes.length);
      const { batch } = decoded;
      if (batch) {
        assert.ok(batch.count > 0);
        assert.ok(batch.bytes.length <= decoded.consumed, 'records longer than what they are of');
        packets.push(...packetsOf(batch));
      }
      taken += decoded.consumed;
      consumed += decoded.consumed;
      if (decoded.problem !== undefined) return { packets, problem: decoded.problem, consumed };
      assert.ok(wanted > 0 || decoded.consumed > 0, 'the decoder stands still');
      assert.ok(wanted <= MOST_WANTED, `${wanted} bytes`);
      assert.ok(wanted === 0 || wanted > waiting.length - taken, 'it has what it wants');
    }
    rest = Buffer.from(waiting.subarray(taken));
  }
  return { packets, problem: decoder.problemAtEnd(rest.length), consumed };
}

function packetsOf({
  bytes,
  count,
  link,
}: NonNullable<ReturnType<CaptureDecoder['decode']>['batch']>): CapturedPacket[] {
  // Copied: the memory is used again.
  const packets = packetsIn(Buffer.from(bytes));
  assert.equal(packets.length, count);
  const { linkType, precision, snapLength, interface: name } = link;
  return packets.map((packet) => {
    assert.ok(packet.frame.length <= snapLength);
    return { ...packet, linkType, precision, ...(name === undefined ? {} : { interface: name }) };
  });
}
